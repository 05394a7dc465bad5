/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_RIGHTS_H
#define SRC_DAEMON_RIGHTS_H

/*
 * Whether the daemon may use the directories that its configuration names: as the user that it
 * becomes, which is rarely the one who looks.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/config/config.h"

/* For `sluice -t`, in a process without threads: everything for which the daemon would not start,
 * or could answer no request, a line each. listen: instead of the configuration's, or NULL. Root
 * looks in a process of its own that has become `user`. Returns whether all is well. */
bool rights_check(const struct config *config, const char *listen, FILE *out);

/* As the user of this process: logs an error when the root cannot be searched, and a warning when
 * the log could not be opened again. Any thread; waits for the file system. */
void rights_report(const struct config *config);

#endif

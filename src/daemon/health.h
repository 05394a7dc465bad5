/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_HEALTH_H
#define SRC_DAEMON_HEALTH_H

/*
 * Whether the daemon can serve the next request. Any thread; waits for the file system of the
 * temporary directory, and for a bounded time for that of the root.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/convert/starter.h"
#include "src/daemon/root_watch.h"

/* Writes "healthy", or one line for each problem. root: the directory of the sources, which watch
 * looks at: a root that does not answer within HEALTH_ROOT_MS is a problem. Returns whether there
 * was none. */
enum { HEALTH_ROOT_MS = 5000 };
bool health_check(struct starter *starter, struct root_watch *watch, const char *root, FILE *out);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_HEALTH_H
#define SRC_DAEMON_HEALTH_H

/*
 * Whether the daemon can serve the next request. Any thread; waits for the file systems of the root
 * and of the temporary directory.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/convert/starter.h"

/* Writes "healthy", or one line for each problem. root: the directory of the sources. Returns
 * whether there was no problem. */
bool health_check(const struct starter *starter, const char *root, FILE *out);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_CACHE_H
#define SRC_COMMAND_CACHE_H

/* The command `cache`: `ls`, `stat`, `purge` and `verify` read and change the store while daemons
 * use it; `warm` asks the running daemon, so that the daemon makes the results. Returns the exit
 * status: 1 also when `verify` has found damage or `warm` got an answer other than 200. */

#include "src/command/command_line.h"

int cache_run(const struct command_line *line);

#endif

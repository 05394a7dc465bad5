/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_CHECK_H
#define SRC_COMMAND_CHECK_H

/* The command `check`: answers each URL as the daemon would, and prints one line for it: status,
 * URL, and the type and length of the body, or the line of the error. Returns the exit status: 0
 * when all are 2xx, else the first digit of the highest status, 4 or 5; 1 when no URL could be
 * asked. Main thread. */

#include "src/command/command_line.h"

int check_run(const struct command_line *line);

#endif

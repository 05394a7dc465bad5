/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_TRAIN_H
#define SRC_COMMAND_TRAIN_H

/* The command `train`: runs recipes on samples, and prints the modules that they open after main as
 * `preload` lines for the configuration. It runs the URLs that are given. Without any, it runs each
 * recipe once for each of its formats on the first source of each type below the root. The programs
 * run unconfined. Returns the exit status: 0 when every given URL was answered with 2xx. */

#include "src/command/command_line.h"

int train_run(const struct command_line *line);

#endif

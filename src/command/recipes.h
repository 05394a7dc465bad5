/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_RECIPES_H
#define SRC_COMMAND_RECIPES_H

/* The command `recipes`: prints the recipes of the configuration in file order, each with its path,
 * its sources and what its parameters accept. Runs nothing. Returns the exit status. Main thread.
 */

#include "src/command/command_line.h"

int recipes_run(const struct command_line *line);

#endif

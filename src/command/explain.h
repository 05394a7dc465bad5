/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_EXPLAIN_H
#define SRC_COMMAND_EXPLAIN_H

/* The command `explain`: prints recipe, values, source and argv of a URL to stdout, or an error to
 * stderr. Returns the exit status. */

#include "src/command/command_line.h"

int explain_run(const struct command_line *line);

#endif

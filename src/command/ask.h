/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_ASK_H
#define SRC_COMMAND_ASK_H

/* The commands `status` and `health`: they send a command to the admin endpoint of the running
 * daemon (src/daemon/admin.h). The answer goes to stdout, an error to stderr. */

#include "src/command/command_line.h"

/* Return the exit status: 0 when the daemon answers with 200. */
int ask_status_run(const struct command_line *line);
int ask_health_run(const struct command_line *line);

#endif

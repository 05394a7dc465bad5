/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_ASK_H
#define SRC_COMMAND_ASK_H

/* The commands `status` and `health`: ask a running daemon over FastCGI (src/daemon/admin.h). */

/* address: as for `listen`. command: of ADMIN_COMMAND. The answer goes to stdout, what is wrong to
 * stderr. Returns the exit status: 0 for a status of 200, else 1. */
int ask_run(const char *address, const char *command);

#endif

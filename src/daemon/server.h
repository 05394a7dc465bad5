/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_SERVER_H
#define SRC_DAEMON_SERVER_H

/*
 * The daemon: sockets, signals, the life of the process. Main thread.
 */

#include <stdbool.h>

#include "src/config/config.h"

/* Serves until a signal ends it. config: a reference that the server takes over. listen: instead of
 * the configuration's, NULL: that. take_over: from the daemon that listens there, if there is one.
 * Returns the exit status. */
int server_run(struct config *config, const char *listen, bool take_over);

#endif

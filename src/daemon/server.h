/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_SERVER_H
#define SRC_DAEMON_SERVER_H

/*
 * The daemon: sockets, signals, the life of the process. Main thread.
 */

#include <stdbool.h>

#include "src/config/config.h"

/* Serves until a signal or a successor ends it. config: a reference, which becomes the server's.
 * listen: an address that is used instead of the configuration's, or NULL. take_over: takes the
 * sockets of the daemon that listens there, if there is one. Returns the exit status. */
int server_run(struct config *config, const char *listen, bool take_over);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_LISTENERS_H
#define SRC_DAEMON_LISTENERS_H

/*
 * The sockets that the daemon listens on. Main thread.
 */

#include "fcgi/listener.h"

struct listeners {
	struct listener at[LISTENER_MAX];
	size_t count;
};

/* Opens the socket of the command line (given). When that is NULL, takes the inherited sockets;
 * when there are none, opens the socket of the configuration, which may be NULL, too. mode: for the
 * file of a Unix socket. Returns 0 or an error, which is logged. */
int listeners_open(
	struct listeners *listeners, const char *given, const char *configured, mode_t mode);

/* The files of Unix sockets stay when the listeners are closed: they belong to another daemon. */
void listeners_disown(struct listeners *listeners);

/* Closes all of them and removes the files that the daemon has made. */
void listeners_close(struct listeners *listeners);

/* The paths of the files that the daemon has made, ending with NULL; borrowed. */
void listeners_get_paths(const struct listeners *listeners, const char *paths[LISTENER_MAX + 1]);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LISTENER_H
#define FCGI_LISTENER_H

/*
 * Listening sockets: made from an address, or inherited. Main thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LISTENER_MAX = 16 };

struct listener {
	int fd;
	char *unlink_path; /* of a Unix socket that we made; NULL otherwise */
	dev_t dev;	   /* what we made there, so that somebody else's socket is never removed */
	ino_t ino;
};

enum { LISTENER_E_ADDRESS = 1, LISTENER_E_NONE_INHERITED };

/* address: "unix:PATH", "tcp:HOST:PORT" or "tcp6:[ADDR]:PORT". A Unix socket's file gets `mode`;
 * the file of a dead predecessor is replaced, that of a living one is -EADDRINUSE. Returns 0,
 * LISTENER_E_ADDRESS or -errno. */
int listener_open(const char *address, mode_t mode, struct listener *listener);

/* Sockets that our starter left: systemd's LISTEN_FDS (sd_listen_fds(3), of which the variables are
 * removed), else descriptor 0 when it is a listening socket (FastCGI 1.0 §2.2). Sets *count.
 * Returns 0, LISTENER_E_NONE_INHERITED or -errno. */
int listener_inherit(struct listener listeners[LISTENER_MAX], size_t *count);

/* Closes it and removes the file of a Unix socket that is still ours. */
void listener_close(struct listener *listener);

/* Connects to an address of the same form, for clients. Returns a blocking descriptor,
 * LISTENER_E_ADDRESS, or -errno. */
int listener_connect(const char *address, int *fd);

#endif

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

/* What a socket listens on, in a form that is the same for everybody on this machine: the file of a
 * Unix socket by device and inode, TCP by number. From the socket, or from an address as above.
 * Returns 0, LISTENER_E_ADDRESS or -errno. */
enum { LISTENER_IDENTITY_MAX = 96 };
int listener_identify(int fd, char identity[LISTENER_IDENTITY_MAX]);
int listener_identify_address(const char *address, char identity[LISTENER_IDENTITY_MAX]);

/* Takes a listening socket that another process has opened. address NULL: its file, if any, is
 * nobody's to remove; otherwise the Unix socket that it is bound to: its file gets `mode` and is
 * removed by listener_close. Returns 0 or -errno, fd then stays the caller's. */
int listener_take(int fd, const char *address, mode_t mode, struct listener *listener);

/* The file stays when the listener is closed: it is somebody else's now. */
void listener_disown(struct listener *listener);

/* Closes it and removes the file of a Unix socket that is still ours. */
void listener_close(struct listener *listener);

/* Connects to an address of the same form, for clients. Returns a blocking descriptor,
 * LISTENER_E_ADDRESS, or -errno. */
int listener_connect(const char *address, int *fd);

#endif

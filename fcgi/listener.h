/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LISTENER_H
#define FCGI_LISTENER_H

/*
 * Listening sockets: made from an address, or inherited. Main thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LISTENER_MAX = 16 };

struct listener {
	int fd;
	char *unlink_path; /* of a Unix socket that we made; NULL otherwise */
	dev_t dev; /* identify that file, so that the socket of another process is never removed */
	ino_t ino;
};

enum {
	LISTENER_E_ADDRESS = 1,
	LISTENER_E_NONE_INHERITED,
	LISTENER_E_NO_SOCKET, /* there is another kind of file at the path */
	LISTENER_E_FOREIGN,   /* there is another user's socket, which we may not connect to */
	LISTENER_E_STALE,     /* no process listens there, but we may not remove the file */
};

/* address: "unix:PATH", "tcp:HOST:PORT" or "tcp6:[ADDR]:PORT". The file of a Unix socket gets
 * `mode`. The file of a daemon that has ended is replaced; if a process still listens on it, the
 * error is -EADDRINUSE. Returns 0, LISTENER_E_* or -errno. */
int listener_open(const char *address, mode_t mode, struct listener *listener);

/* Sockets from the process that started us: systemd's LISTEN_FDS (sd_listen_fds(3); its variables
 * are removed), or else descriptor 0 when it is a listening socket (FastCGI 1.0 §2.2). Sets *count.
 * Returns 0, LISTENER_E_NONE_INHERITED or -errno. */
int listener_inherit(struct listener listeners[LISTENER_MAX], size_t *count);

/* What a socket listens on, in one form for all processes of this machine: the file of a Unix
 * socket by device and inode, TCP by number. From the socket, or from an address as above. Returns
 * 0, LISTENER_E_ADDRESS or -errno. */
enum { LISTENER_IDENTITY_MAX = 96 };
int listener_identify(int fd, char identity[LISTENER_IDENTITY_MAX]);
int listener_identify_address(const char *address, char identity[LISTENER_IDENTITY_MAX]);

/* The address of a listening socket in the form that listener_open takes; an abstract one as
 * unix:@NAME. Returns the path of its file within `address`, or NULL when it has none. */
enum { LISTENER_ADDRESS_MAX = 128 };
const char *listener_describe(int fd, char address[LISTENER_ADDRESS_MAX]);

/* Takes a listening socket that another process has opened. address NULL: its file, if any, is not
 * ours to remove. Otherwise address is the Unix socket that it is bound to; the file gets `mode`,
 * and listener_close removes it. Returns 0, or -errno; fd stays the caller's then. */
int listener_take(int fd, const char *address, mode_t mode, struct listener *listener);

/* The file belongs to another process from now on; listener_close leaves it. */
void listener_disown(struct listener *listener);

/* Closes the socket, and removes its file if it is still ours. */
void listener_close(struct listener *listener);

/* Whether a process listens there now, at an address of the same form. Waits a second at most. */
bool listener_is_served(const char *address);

/* Connects to an address of the same form, for clients. Sets *fd, a blocking socket. Returns 0,
 * LISTENER_E_ADDRESS or -errno. */
int listener_connect(const char *address, int *fd);

#endif

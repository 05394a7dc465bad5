/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_HANDOVER_H
#define SRC_DAEMON_HANDOVER_H

/*
 * What two daemons say to each other when the one takes the other's place. A daemon that serves can
 * be asked on a Unix socket in the abstract namespace, whose name follows from what it listens on.
 * One packet for each step:
 *
 *   predecessor   the sockets, as descriptors: those it listens on, and the service manager's if it has one
 *   successor     ready: it has started and serves from now on
 *   predecessor   gone: it accepts nothing any more, and its name is free
 *   predecessor   a connection, whenever one is idle
 *
 * or, to one that was not ready in time, or not before another one:
 *
 *   predecessor   late: it serves on, or somebody else does
 *
 * Whoever goes away before `ready` has changed nothing. Each looks at the other's user
 * (SO_PEERCRED). The two may be of different versions: the packet's layout is fixed. Main thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/listener.h"

/* What goes over with the sockets. */
struct handover_sockets {
	int fds[LISTENER_MAX];
	size_t count;
	bool owns_file; /* the only socket is a Unix socket, and the daemon has made its file */
	int notify;	/* -1: none */
	uint64_t watchdog_ms;
};

enum { HANDOVER_E_NOBODY = 1 };

/* The successor's half; it blocks, for some seconds at most. */

/* Asks the daemon that listens on address; uid: whom to believe beside root and our own user. The
 * sockets's descriptors and *channel are the caller's. Returns 0, HANDOVER_E_NOBODY when nobody can
 * be asked, -EACCES when it is somebody else's or refuses, or another -errno. */
int handover_ask(const char *address, uid_t uid, struct handover_sockets *sockets, int *channel);
/* Says that it is ready, and waits until the other is gone, well or not. Returns 0; -ESTALE: too
 * late, the sockets are not for us; or another -errno: it did not say that it is gone. */
int handover_finish(int channel);
/* The next connection, into *fd, the caller's. After handover_finish; does not block. Returns 0,
 * -EAGAIN, or -ECONNRESET: there will be none. */
int handover_receive(int channel, int *fd);

/* The predecessor's half; it never blocks. */

/* Where successors ask, for who listens on this socket. Returns 0 or -errno. */
int handover_listen(int listener, int *fd);
/* Somebody asks: gives him the sockets (which stay ours, too) if he may have them. Returns 0 with
 * the channel and who he is, or -errno. */
int handover_admit(int fd, const struct handover_sockets *sockets, int *channel, pid_t *pid);
/* Somebody asks who cannot be served now. */
void handover_refuse(int fd);
/* Returns 0 when the successor is ready, -EAGAIN when not yet, -ECONNRESET when it has gone away.
 */
int handover_is_ready(int channel);
/* To one that is not waited for any more; the channel is to be closed then. */
void handover_say_late(int channel);
/* The last word but for connections. */
void handover_say_gone(int channel);
/* Passes a duplicate. Returns 0, -EAGAIN when he has to read first, or another -errno. */
int handover_give(int channel, int fd);

#endif

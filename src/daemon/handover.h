/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_HANDOVER_H
#define SRC_DAEMON_HANDOVER_H

/*
 * The socket handover: what a daemon and its successor say to each other. The serving daemon
 * listens on a Unix socket in the abstract namespace, whose name follows from the sockets that it
 * serves. One packet for each step:
 *
 *   predecessor   sockets: the listening ones and that of the service manager, as descriptors
 *   successor     ready: it has started and serves from now on
 *   predecessor   gone: it accepts nothing any more, and its name is free
 *   predecessor   connection: one for each connection that becomes idle
 *
 * A successor that is not ready in time, or not first, gets another answer:
 *
 *   predecessor   late: this successor will not serve
 *
 * Until `ready` either side can go away without any effect. Each side checks the other's user
 * (SO_PEERCRED). The two may be of different versions, so the layout of a packet is fixed. Main
 * thread.
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
	bool owns_file; /* the only socket is a Unix socket whose file the daemon has made */
	int notify;	/* -1: none */
	uint64_t watchdog_ms;
};

enum { HANDOVER_E_ABSENT = 1 };

/* The successor's half blocks, for some seconds at most. */

/* Asks the daemon that listens on address. uid: a user that is trusted beside root and the caller's
 * own. The descriptors in sockets and *channel are the caller's. Returns 0, HANDOVER_E_ABSENT when
 * no daemon can be asked there, -EACCES when the daemon refuses or belongs to another user, or
 * another -errno. */
int handover_ask(const char *address, uid_t uid, struct handover_sockets *sockets, int *channel);
/* Says `ready` and waits for `gone`. Returns 0, -ESTALE when this successor is late and the sockets
 * are not its own, or another -errno when the predecessor did not say `gone`. */
int handover_finish(int channel);
/* Receives the next connection into *fd, which is the caller's. After handover_finish; does not
 * block. Returns 0, -EAGAIN, or -ECONNRESET when none will follow. */
int handover_receive(int channel, int *fd);

/* The predecessor's half never blocks. */

/* Opens the socket on which successors ask for this listener. Returns 0 or -errno. */
int handover_listen(int listener, int *fd);
/* Accepts a successor and gives it duplicates of the sockets if it may have them. Returns 0 with
 * its channel and pid, or -errno. */
int handover_admit(int fd, const struct handover_sockets *sockets, int *channel, pid_t *pid);
/* Accepts a successor and closes its channel at once. */
void handover_refuse(int fd);
/* Returns 0 when the successor is ready, -EAGAIN when it is not yet, -ECONNRESET when it has ended.
 */
int handover_is_ready(int channel);
/* The caller closes the channel then. */
void handover_say_late(int channel);
void handover_say_gone(int channel);
/* Passes a duplicate of a connection. Returns 0, -EAGAIN when the successor has to read first, or
 * another -errno. */
int handover_give(int channel, int fd);

#endif

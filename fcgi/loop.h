/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LOOP_H
#define FCGI_LOOP_H

/*
 * The loop of the main thread. It accepts connections, keeps the idle ones in one epoll set, and
 * reads requests to their last byte without blocking. The callback gets each complete request; the
 * loop does not touch the connection until fcgi_loop_release. All functions but fcgi_loop_release,
 * fcgi_loop_connections and fcgi_loop_connections_max: main thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/connection.h"

struct fcgi_loop;

struct fcgi_loop_options {
	unsigned connections_max;
	uint64_t request_timeout_ms; /* from the first byte of a request to the end of its
					parameters, and between two pieces of its body */
	void *data;		     /* for the callback */
	/* A request is complete. The callee owns the connection until it calls fcgi_loop_release:
	 * within the call, or, after fcgi_loop_detach, later. */
	void (*request)(void *data, struct fcgi_connection *connection);
};

int fcgi_loop_new(const struct fcgi_loop_options *options, struct fcgi_loop **out);
/* Closes the idle connections. No worker may have a connection any more. The listeners stay the
 * caller's. */
void fcgi_loop_free(struct fcgi_loop *loop);

/* fd: a listening, non-blocking socket; borrowed. Returns 0 or -errno. */
int fcgi_loop_listen(struct fcgi_loop *loop, int fd);
/* `replacement` takes the place of a listener, which may be closed afterwards. What waits in its
 * queue is accepted first, as far as there is room. Returns 0 or -errno; then nothing has changed.
 */
int fcgi_loop_replace(struct fcgi_loop *loop, int fd, int replacement);
/* Accepts no more connections and closes the idle ones. Running requests go on, and their
 * connections close after them. A new connection without a request has a few seconds for one. */
void fcgi_loop_drain(struct fcgi_loop *loop);

/* The same, but idle connections are not closed: give() passes a duplicate to another process. It
 * returns 0, -EAGAIN when it cannot now and wants to be called again, or another -errno; then idle
 * connections are closed after all. */
void fcgi_loop_hand_over(struct fcgi_loop *loop, int (*give)(void *data, int fd), void *data);

/* Goes on with an idle connection that another process has accepted. Takes fd, non-blocking.
 * Returns 0 or -errno. */
int fcgi_loop_adopt(struct fcgi_loop *loop, int fd);

/* Calls `ready` whenever fd is readable; borrowed. At most FCGI_LOOP_WATCHES. */
enum { FCGI_LOOP_WATCHES = 12 };
int fcgi_loop_watch(struct fcgi_loop *loop, int fd, void (*ready)(void *data), void *data);
void fcgi_loop_unwatch(struct fcgi_loop *loop, int fd);

/* Sets another limit, after a reload. */
void fcgi_loop_set_connections(struct fcgi_loop *loop, unsigned connections_max);

/* Waits for events and handles them. Returns at the deadline (clock_now_ms) at the latest, 0 or
 * -errno. */
int fcgi_loop_run(struct fcgi_loop *loop, uint64_t deadline_ms);

/* Within the callback: another thread will have the connection. */
void fcgi_loop_detach(struct fcgi_loop *loop, struct fcgi_connection *connection);

/* Gives a connection back. keep: it waits for its next request; otherwise it is closed. Any thread.
 */
void fcgi_loop_release(struct fcgi_loop *loop, struct fcgi_connection *connection, bool keep);

/* How many connections are open, those that workers have included. Any thread. */
unsigned fcgi_loop_connections(const struct fcgi_loop *loop);
/* How many may be open. Any thread. */
unsigned fcgi_loop_connections_max(const struct fcgi_loop *loop);

#endif

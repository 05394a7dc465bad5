/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LOOP_H
#define FCGI_LOOP_H

/*
 * The loop of the main thread: accepts connections, keeps the idle ones in one epoll set, and reads
 * requests to their last byte without ever blocking. A complete request is handed over by the
 * callback; until fcgi_loop_release the loop does not touch its connection. Everything but
 * fcgi_loop_release: main thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/connection.h"

struct fcgi_loop;

struct fcgi_loop_options {
	unsigned connections_max;
	uint64_t request_timeout_ms; /* from a request's first byte to the end of its parameters,
					and between two pieces of its body */
	void *data;		     /* for the callback */
	/* A request is complete. The callee owns the connection until it gives it back, within the
	 * call, or later after fcgi_loop_detach. */
	void (*request)(void *data, struct fcgi_connection *connection);
};

int fcgi_loop_new(const struct fcgi_loop_options *options, struct fcgi_loop **out);
/* Closes the idle connections. No worker may have one any more. Listeners stay the caller's. */
void fcgi_loop_free(struct fcgi_loop *loop);

/* fd: a listening, non-blocking socket; borrowed. Returns 0 or -errno. */
int fcgi_loop_listen(struct fcgi_loop *loop, int fd);
/* Accepts nothing any more and closes idle connections; running requests go on, and their
 * connections close behind them. Who has connected and not asked yet has a few seconds to do so. */
void fcgi_loop_drain(struct fcgi_loop *loop);

/* The same, but idle connections are not closed: give() passes a duplicate to somebody else. It
 * returns 0, -EAGAIN to be asked again a little later, or another -errno: then they are closed
 * after all. */
void fcgi_loop_hand_over(struct fcgi_loop *loop, int (*give)(void *data, int fd), void *data);

/* Goes on with a connection that somebody else has accepted, idle; takes fd, non-blocking. Returns
 * 0 or -errno. */
int fcgi_loop_adopt(struct fcgi_loop *loop, int fd);

/* Calls `ready` whenever fd is readable; borrowed. At most FCGI_LOOP_WATCHES. */
enum { FCGI_LOOP_WATCHES = 12 };
int fcgi_loop_watch(struct fcgi_loop *loop, int fd, void (*ready)(void *data), void *data);
void fcgi_loop_unwatch(struct fcgi_loop *loop, int fd);

/* Another bound, after a reload. */
void fcgi_loop_set_connections(struct fcgi_loop *loop, unsigned connections_max);

/* Waits for events and handles them; at the latest returns at the deadline (clock_now_ms). Returns
 * 0 or -errno. */
int fcgi_loop_run(struct fcgi_loop *loop, uint64_t deadline_ms);

/* Another thread will have the connection of the request. Within the callback. */
void fcgi_loop_detach(struct fcgi_loop *loop, struct fcgi_connection *connection);

/* Gives a connection back: keep true parks it for the next request, false closes it. Any thread. */
void fcgi_loop_release(struct fcgi_loop *loop, struct fcgi_connection *connection, bool keep);

/* Open connections, those with workers included. Any thread. */
unsigned fcgi_loop_connections(const struct fcgi_loop *loop);

#endif

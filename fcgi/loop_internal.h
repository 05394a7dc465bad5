/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LOOP_INTERNAL_H
#define FCGI_LOOP_INTERNAL_H

/* What the files of the loop share: loop_peers.c, loop_crowd.c, loop_drain.c, and loop.c above
 * them. loop.c says which lock guards what. The loop's thread, except where another is named. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "fcgi/event_target.h"
#include "fcgi/foreign.h"
#include "fcgi/loop.h"

enum { LOOP_LISTENERS = 16 };

struct watch {
	struct event_target target; /* fd -1: free */
	void (*ready)(void *data);
	void *data;
};

/* One connection. */
struct peer {
	struct event_target target; /* with the lock, or while no worker has the connection */
	struct fcgi_connection *connection;
	bool reading;	      /* in the list `reading`, not in `idle` */
	bool served;	      /* has had an answer */
	uint64_t deadline_ms; /* in `reading`: when its request has to be complete */
	uint64_t idle_ms;     /* in `idle`: since when */
	TAILQ_ENTRY(peer) entry;
};

TAILQ_HEAD(peers, peer);

struct fcgi_loop {
	struct fcgi_loop_options options;
	int epoll;
	size_t listener_count;
	struct event_target listeners[LOOP_LISTENERS];
	bool accepting;
	bool crowded;		  /* a connection waits to be accepted, and there is no room */
	uint64_t crowded_said_ms; /* when that was logged; 0: never */
	uint64_t foreign_said_ms[FOREIGN_KINDS]; /* when each was logged; 0: never */
	bool short_of_files;			 /* accept failed; it has been logged */
	uint64_t accept_again_ms;
	struct watch watches[FCGI_LOOP_WATCHES];
	struct peers reading; /* part of a request has come; the earliest deadline first */
	pthread_mutex_t lock; /* for idle, draining and give */
	struct peers idle;    /* the longest idle one last */
	bool draining;
	uint64_t drain_ms; /* when draining began */
	int (*give)(void *data, int fd);
	void *give_data;
	atomic_uint connections;     /* also those that workers have */
	atomic_uint connections_max; /* what web servers are told */
};

/* loop_peers.c */

/* A new connection, idle and not in the epoll set. Takes fd. Returns 0 or -ENOMEM. */
int loop_peer_new(struct fcgi_loop *loop, int fd, struct peer **out);
/* Puts the peer into the epoll set. Returns 0 or -errno. Any thread: with the lock. */
int loop_peer_open(struct fcgi_loop *loop, struct peer *peer);
/* Takes the peer out of its list, for the callback. */
void loop_peer_unpark(struct fcgi_loop *loop, struct peer *peer);
/* Moves the peer to the end of `reading`, or to the beginning of `idle`. */
void loop_peer_set_reading(struct fcgi_loop *loop, struct peer *peer, bool reading);
/* Closes a connection that is in one of the lists. */
void loop_peer_close(struct fcgi_loop *loop, struct peer *peer);
/* The peer speaks another protocol: says so to it, and to the log, but not more than once a minute.
 * loop_peer_close is due. */
void loop_tell_foreign(struct fcgi_loop *loop, struct peer *peer);
/* Whether bytes have come that the loop has not read: the next round has an event for them. */
bool loop_peer_has_input(const struct peer *peer);

/* loop_crowd.c */

/* Whether a connection waits to be accepted. */
bool loop_has_caller(int listener);
/* Closes the longest idle connection, to make room for a new one. Not while events are handled:
 * one of them may point to it. False: there is none. */
bool loop_make_room(struct fcgi_loop *loop);

/* loop_drain.c */

/* Gives away a connection of which nothing has been read. False: the receiver cannot take it now,
 * or at all. */
bool loop_give_away(struct fcgi_loop *loop, struct peer *peer);
/* Closes or gives away the idle connections that no request is expected on. */
void loop_leave_idle(struct fcgi_loop *loop);

#endif

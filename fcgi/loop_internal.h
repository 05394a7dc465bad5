/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LOOP_INTERNAL_H
#define FCGI_LOOP_INTERNAL_H

/* What loop.c, from the first connection on, loop_crowd.c, when there are too many, and
 * loop_drain.c, the end, share. The loop's thread. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "fcgi/loop.h"

enum { LOOP_LISTENERS = 16 };

enum event_target_kind { TARGET_LISTENER, TARGET_WATCH, TARGET_PEER };

/* What an epoll event points to. */
struct event_target {
	enum event_target_kind kind;
	int fd;
};

struct watch {
	struct event_target target;
	void (*ready)(void *data);
	void *data;
};

struct peer {
	struct event_target target;
	struct fcgi_connection *connection;
	bool armed;	      /* in the epoll set; with the lock, or while no worker has it */
	bool reading;	      /* in the list `reading`, not in `idle`: loop's thread only */
	bool served;	      /* has asked before */
	uint64_t deadline_ms; /* reading: when its request has to be there */
	uint64_t idle_ms;     /* idle: since when */
	TAILQ_ENTRY(peer) entry;
};

struct fcgi_loop {
	struct fcgi_loop_options options;
	int epoll;
	size_t listener_count;
	struct event_target listeners[LOOP_LISTENERS];
	bool accepting;
	bool crowded;		  /* somebody wants to connect, and there is no room */
	uint64_t crowded_said_ms; /* in the log; 0: never */
	bool short_of_files;	  /* said in the log */
	uint64_t accept_again_ms;
	struct watch watches[FCGI_LOOP_WATCHES];
	TAILQ_HEAD(peers, peer)
	reading;	      /* requests of which something has come, the oldest first */
	pthread_mutex_t lock; /* for idle, draining and give */
	struct peers idle;    /* all the others that the loop has, the longest idle one last */
	bool draining;
	uint64_t drain_ms; /* when that began */
	int (*give)(void *data, int fd);
	void *give_data;
	atomic_uint connections;
	atomic_uint connections_max; /* what a web server is told */
};

/* epoll_ctl; returns 0 or -errno. */
int loop_arm(struct fcgi_loop *loop, struct event_target *target, int operation, uint32_t events);
/* Closes a connection that is idle or being read. */
void loop_close_parked(struct fcgi_loop *loop, struct peer *peer);

/* Whether something has come that the loop has not seen yet: it will be an event of the next round.
 */
bool loop_has_input(const struct peer *peer);
/* loop_crowd.c: whether somebody waits to be accepted. */
bool loop_has_caller(int listener);
/* Closes the longest idle connection, for one that wants to come. Not while events are being
 * handled, which may point to it. False: there is none. */
bool loop_make_room(struct fcgi_loop *loop);

/* Gives a connection away of which nothing has been read; false: the other cannot take it, now or
 * ever. */
bool loop_give_away(struct fcgi_loop *loop, struct peer *peer);
/* Closes or gives away whoever has nothing to be waited for. */
void loop_leave_idle(struct fcgi_loop *loop);

#endif

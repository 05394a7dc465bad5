/* SPDX-License-Identifier: MIT */
#ifndef FCGI_LOOP_INTERNAL_H
#define FCGI_LOOP_INTERNAL_H

/* What loop.c, from the first connection on, and loop_drain.c, the end, share. The loop's thread. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "fcgi/loop.h"

enum { LOOP_LISTENERS = 16 };

enum source_kind { SOURCE_LISTENER, SOURCE_WATCH, SOURCE_PEER };

/* What an epoll event points to. */
struct source {
	enum source_kind kind;
	int fd;
};

struct watch {
	struct source source;
	void (*ready)(void *data);
	void *data;
};

struct peer {
	struct source source;
	struct fcgi_connection *connection;
	bool armed;   /* in the epoll set; with the lock, or while no worker has it */
	bool reading; /* in the list `reading`: loop's thread only */
	bool served;  /* has asked before */
	uint64_t deadline_ms;
	TAILQ_ENTRY(peer) reading_entry;
	LIST_ENTRY(peer) parked_entry;
};

struct fcgi_loop {
	struct fcgi_loop_options options;
	int epoll;
	size_t listener_count;
	struct source listeners[LOOP_LISTENERS];
	bool accepting;
	bool short_of_files; /* said in the log */
	uint64_t accept_again_ms;
	struct watch watches[FCGI_LOOP_WATCHES];
	TAILQ_HEAD(, peer) reading;
	pthread_mutex_t lock;	  /* for parked, draining and give */
	LIST_HEAD(, peer) parked; /* all that the loop has, idle or being read */
	bool draining;
	uint64_t drain_ms; /* when that began */
	int (*give)(void *data, int fd);
	void *give_data;
	atomic_uint connections;
};

/* epoll_ctl; returns 0 or -errno. */
int loop_arm(struct fcgi_loop *loop, struct source *source, int operation, uint32_t events);
/* Closes a connection that is idle or being read. */
void loop_close_parked(struct fcgi_loop *loop, struct peer *peer);

/* Gives a connection away of which nothing has been read; false: the other cannot take it, now or ever. */
bool loop_give_away(struct fcgi_loop *loop, struct peer *peer);
/* Closes or gives away whoever has nothing to be waited for. */
void loop_leave_idle(struct fcgi_loop *loop);

#endif

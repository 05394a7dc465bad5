/* SPDX-License-Identifier: MIT */
#ifndef SRC_FLIGHT_INTERNAL_H
#define SRC_FLIGHT_INTERNAL_H

/* What the files flight*.c share; nobody else includes it. */

#include <pthread.h>
#include <sys/queue.h>

#include "src/flight.h"
#include "src/pump.h"

enum { FLIGHT_REASON_MAX = 512 };

struct flights {
	pthread_mutex_t lock; /* for everything that a flight says about itself */
	pthread_cond_t landed;
	unsigned running;
	LIST_HEAD(, flight) list; /* those that can be entered */
};

struct flight {
	struct service *service;
	struct flights *flights;
	unsigned references; /* seats and the thread */
	bool listed;
	LIST_ENTRY(flight) entry;
	struct flight_seat *seats;
	struct flight_state state;
	int abandoned; /* readable when nobody wants it any more */
	/* The thread's own until state.ended, the leader's to read afterwards. */
	struct plan *plan;
	struct validator validator;
	char *uri;
	bool opened;
	struct conversion conversion;
	struct pump pump;
	int found; /* what another one put into the cache a moment ago */
	struct progress progress;
	struct access_times times;
	struct text reason;
	char reason_buffer[FLIGHT_REASON_MAX];
};

/* With the lock held: tells all seats that there is something new. */
void flight_wake(const struct flight *flight);

/* flight_run.c: the conversion, from its slot to the cache. *state is what came of it. */
void flight_run(struct flight *flight, struct flight_state *state);

#endif

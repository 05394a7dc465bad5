/* SPDX-License-Identifier: MIT */
#ifndef SRC_FLIGHT_INTERNAL_H
#define SRC_FLIGHT_INTERNAL_H

/* What the files flight*.c share; nobody else includes it. */

#include <pthread.h>
#include <sys/queue.h>

#include "src/flight.h"
#include "src/pump/pump.h"

enum { FLIGHT_REASON_MAX = 512, FLIGHT_FAILURES = 64 };

/* A refresh that failed: it is not tried again before until_ms. */
struct flight_failure {
	uint8_t key[DIGEST_BYTES];
	uint64_t until_ms, wait_ms;
};

struct flights {
	pthread_mutex_t lock; /* for everything that a flight says about itself */
	pthread_cond_t landed;
	unsigned running, running_max;
	LIST_HEAD(, flight) list; /* those that can be entered */
	unsigned refreshing;
	unsigned next_failure;
	struct flight_failure failures[FLIGHT_FAILURES];
};

struct flight {
	struct service *service;
	struct flights *flights;
	unsigned references; /* seats and the thread */
	bool listed;
	LIST_ENTRY(flight) entry;
	struct flight_seat *seats;
	struct flight_state state;
	int abandoned; /* readable when nobody wants it any more; -1: it has ended */
	/* The thread's own until state.ended, the leader's to read afterwards. */
	struct plan *plan;
	struct validator validator;
	char *uri;
	char *refresh_id;	      /* of the request that wanted a refresh; NULL: it is none */
	struct running_entry running; /* of a refresh */
	bool opened;
	struct conversion conversion;
	struct pump pump;
	int found; /* what another one put into the cache a moment ago */
	struct progress progress;
	struct access_times times;
	struct text reason;
	char reason_buffer[FLIGHT_REASON_MAX];
};

/* With the lock held. The flight of this key that can be entered, or NULL. */
struct flight *flight_look(const struct flights *flights, const uint8_t key[DIGEST_BYTES]);
/* With the lock held: a flight that others can enter; flight_start is due, without the lock.
 * refresh_id: NULL, it is no refresh. Takes *plan, then NULL. Returns 0, FLIGHT_E_FULL or
 * -errno. */
int flight_list(struct service *service, const struct validator *validator, struct plan **plan,
	const char *uri, const char *refresh_id, struct flight **out);
/* Without the lock; the caller has a reference. Where there is no thread for it, the flight
 * ends as an overload for all who have a seat by then. */
void flight_start(struct flight *flight);

/* flight_refresh.c: flight_run for a refresh, which has to tell of itself. */
void flight_run_refresh(struct flight *flight, struct flight_state *state);
/* The last part of that: the line in the log, and when to try again. Without the lock. */
void flight_end_refresh(struct flight *flight, const struct flight_state *state);

/* With the lock held: tells all seats that there is something new. */
void flight_wake(const struct flight *flight);

/* flight_run.c: the conversion, from its slot to the cache. *state is what came of it. */
void flight_run(struct flight *flight, struct flight_state *state);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_IN_FLIGHT_H
#define SRC_OBSERVE_IN_FLIGHT_H

/*
 * The requests in flight. A request enters and leaves on its own thread. A look copies the entries
 * under the lock, and asks the kernel only afterwards what their programs use. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "src/observe/progress.h"

struct in_flight;

/* Belongs to the request. It and its strings must stay from in_flight_enter to in_flight_leave. */
struct in_flight_entry {
	const char *id, *recipe, *source;
	uint64_t since_us; /* clock_now_us */
	const struct progress *progress;
	TAILQ_ENTRY(in_flight_entry) entry;
};

int in_flight_new(struct in_flight **out);
/* No request may be in it. NULL is fine. */
void in_flight_free(struct in_flight *in_flight);

void in_flight_enter(struct in_flight *in_flight, struct in_flight_entry *entry);
void in_flight_leave(struct in_flight *in_flight, struct in_flight_entry *entry);

/* A copy of one entry. */
struct in_flight_view {
	char id[65], recipe[64], source[128]; /* cut when they are longer */
	uint64_t age_us;
	enum progress_phase phase;
	bool gone;
	uint64_t bytes;
	unsigned programs;	    /* the number that run */
	uint64_t cpu_us, rss_bytes; /* of these programs, without their children */
};

const char *in_flight_phase_name(enum progress_phase phase);

/* The oldest first, at most max. Returns how many requests are in flight. */
size_t in_flight_look(struct in_flight *in_flight, struct in_flight_view *out, size_t max);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_IN_FLIGHT_H
#define SRC_OBSERVE_IN_FLIGHT_H

/*
 * The requests that are under way. A request enters and leaves by itself; looking at them copies,
 * and only then asks the kernel what their programs use. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "src/observe/progress.h"

struct in_flight;

/* A request's own, from in_flight_enter to in_flight_leave. The strings have to stay as long. */
struct in_flight_entry {
	const char *id, *recipe, *source;
	uint64_t since_us; /* clock_now_us */
	const struct progress *progress;
	TAILQ_ENTRY(in_flight_entry) entry;
};

int in_flight_new(struct in_flight **out);
/* Nobody may be in it. NULL is fine. */
void in_flight_free(struct in_flight *running);

void in_flight_enter(struct in_flight *running, struct in_flight_entry *entry);
void in_flight_leave(struct in_flight *running, struct in_flight_entry *entry);

/* What is shown of one. */
struct in_flight_view {
	char id[65], recipe[64], source[128]; /* cut, when longer */
	uint64_t age_us;
	enum progress_phase phase;
	bool gone;
	uint64_t bytes;
	unsigned programs;	    /* that were found running */
	uint64_t cpu_us, rss_bytes; /* of these together, without what they started */
};

const char *in_flight_phase_name(enum progress_phase phase);

/* The oldest first; at most max. Returns how many there are. */
size_t in_flight_look(struct in_flight *running, struct in_flight_view *out, size_t max);

#endif

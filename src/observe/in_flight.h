/* SPDX-License-Identifier: MIT */
#ifndef SRC_RUNNING_H
#define SRC_RUNNING_H

/*
 * The requests that are under way. A request enters and leaves by itself; looking at them copies, and only then asks the
 * kernel what their programs use. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "src/progress.h"

struct running;

/* A request's own, from running_enter to running_leave. The strings have to stay as long. */
struct running_entry {
	const char *id, *recipe, *source;
	uint64_t since_us; /* clock_now_us */
	const struct progress *progress;
	TAILQ_ENTRY(running_entry) entry;
};

int running_new(struct running **out);
/* Nobody may be in it. NULL is fine. */
void running_free(struct running *running);

void running_enter(struct running *running, struct running_entry *entry);
void running_leave(struct running *running, struct running_entry *entry);

/* What is shown of one. */
struct running_view {
	char id[65], recipe[64], source[128]; /* cut, when longer */
	uint64_t age_us;
	enum progress_phase phase;
	bool gone;
	uint64_t bytes;
	unsigned programs;	    /* that were found running */
	uint64_t cpu_us, rss_bytes; /* of these together, without what they started */
};

const char *running_phase_name(enum progress_phase phase);

/* The oldest first; at most max. Returns how many there are. */
size_t running_look(struct running *running, struct running_view *out, size_t max);

#endif

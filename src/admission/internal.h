/* SPDX-License-Identifier: MIT */
#ifndef SRC_ADMISSION_INTERNAL_H
#define SRC_ADMISSION_INTERNAL_H

/*
 * What grant.c and queue.c share; grant.c stands below.
 *
 * One lock, admission->lock, guards everything here. A request that waits polls without the lock;
 * its struct waiter is on its own stack and in the queue until the lock's holder removes it. Gates
 * are never freed before the end, so a pass can keep a pointer to one.
 */

#include <pthread.h>
#include <sys/queue.h>

#include "src/admission/queue.h"

struct admission_gate {
	char *recipe;
	unsigned slots, used, waiting;
	uint64_t held_ms; /* moving mean of the time for which a slot is held */
	/* While requests wait: moving mean of the time between two grants, and the last grant. */
	uint64_t step_ms, stepped_ms;
	LIST_ENTRY(admission_gate) entry;
};

struct waiter {
	struct admission_gate *gate;
	struct admission_cost cost;
	int event; /* borrowed; readable when the slot is granted */
	bool granted;
	TAILQ_ENTRY(waiter) entry;
};

struct admission {
	pthread_mutex_t lock;
	LIST_HEAD(, admission_gate) gates;
	TAILQ_HEAD(, waiter) queue; /* of all recipes, in order of arrival */
	unsigned total_slots, used_slots;
	uint64_t total_memory, kept_memory, used_memory;
	unsigned total_files, kept_files, used_files;
	unsigned places, used_places;
	/* A waiter with a free slot of its recipe waits for what all recipes share. Later waiters
	 * stay behind it. [1] is for live conversions. */
	bool held[2];
};

/* All functions are called with the lock. */

/* Whether what all recipes share is enough for this cost. */
bool grant_has_room(const struct admission *admission, const struct admission_cost *cost);
/* Whether a new request gets its slot without waiting. */
bool grant_is_free(const struct admission *admission, const struct admission_gate *gate,
	const struct admission_cost *cost);
void grant_take(struct admission *admission, struct admission_gate *gate,
	const struct admission_cost *cost);
void grant_give_back(struct admission *admission, struct admission_gate *gate,
	const struct admission_cost *cost);
/* Removes a waiter that gives up. */
void grant_remove(struct admission *admission, struct waiter *waiter);
/* Grants what is free to the waiters. Due after every change that frees something. */
void grant_all(struct admission *admission);
/* The new value of a moving mean. */
uint64_t grant_mean(uint64_t old, uint64_t now);

#endif

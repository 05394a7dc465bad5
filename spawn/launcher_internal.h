/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_LAUNCHER_INTERNAL_H
#define SPAWN_LAUNCHER_INTERNAL_H

/* What launcher.c (any thread) and launcher_tend.c (main thread) share. */

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "spawn/holder.h"
#include "spawn/launcher.h"
#include "spawn/program.h"

/* A holder with those who use it. */
struct kept {
	struct holder *holder;
	unsigned number;
	unsigned users; /* workers within holder_start */
	bool ready;
	uint64_t since_ms;	/* started */
	LIST_ENTRY(kept) entry; /* in `leaving` */
};

struct place {
	struct program *program;
	struct kept *current;	/* NULL: cold for now */
	struct kept *next;	/* starting */
	unsigned jobs;		/* of current */
	bool replace;		/* current is to be replaced: crash, or enough jobs */
	bool stale;		/* and must not be used any more */
	bool refused;		/* it cannot be held */
	bool unwanted;		/* by the configuration */
	bool was_ready;		/* ever */
	uint64_t not_before_ms; /* a holder is started */
	unsigned back_off_ms;
	LIST_ENTRY(place) entry;
};

struct launcher {
	struct spawner *spawner;
	char library[PATH_MAX];
	int epoll, wake, timer;
	unsigned numbers;
	pthread_mutex_t lock; /* for places, what they point to, and users */
	LIST_HEAD(, place) places;
	LIST_HEAD(, kept) leaving; /* retired, or ended with users */
};

/* Main thread, the lock is not held. Ends the holder, whoever uses it. NULL is fine. */
void launcher_free_kept(struct kept *kept);

/* Any thread: the main thread has something to tend. */
void launcher_wake(struct launcher *launcher);

/* The place of this program, name and environment, or NULL. The lock is held. */
struct place *launcher_find(
	struct launcher *launcher, const char *program, const char *name, char *const *envp);

#endif

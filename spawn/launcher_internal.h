/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_LAUNCHER_INTERNAL_H
#define SPAWN_LAUNCHER_INTERNAL_H

/*
 * What launcher.c (any thread) and launcher_tend.c (the thread that tends) share.
 *
 * A held program has one holder that takes jobs now, and for a while the next one. A worker finds
 * the program and borrows its holder by a count of users. Only the thread that tends starts,
 * replaces and frees holders. A worker notes in `held` what it finds wrong, and wakes that thread.
 *
 * Locks: fields marked L are written with the launcher's lock, by the thread that tends alone,
 * which reads them without it. Fields marked B are written by both sides, and read and written with
 * the lock. The others belong to the thread that tends. Nothing that could wait is done with the
 * lock.
 */

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "spawn/holder.h"
#include "spawn/launcher.h"
#include "spawn/held_program.h"

/* A holder, kept for as long as workers use it. */
struct kept {
	struct holder *holder;
	unsigned number;
	unsigned users; /* B: workers within holder_start */
	bool ready;
	bool leaving;		/* B: to be freed when it has no users */
	uint64_t since_ms;	/* started */
	LIST_ENTRY(kept) entry; /* in `leaving` */
};

/* One program that shall be held. */
struct held {
	struct held_program *program; /* L */
	struct kept *current;	      /* L; NULL: cold for now */
	struct kept *next;	      /* starting */
	unsigned jobs;		      /* B: of current */
	bool replace;		      /* B: current is to be replaced: crash, or enough jobs */
	bool stale;		      /* B: and must not be used any more */
	bool refused;		      /* L: it cannot be held */
	bool unwanted;		      /* L: by the configuration */
	bool was_ready;		      /* ever */
	unsigned slow_tries;	      /* holders in a row that took too long to main */
	uint64_t not_before_ms;	      /* a holder is started */
	unsigned back_off_ms;
	LIST_ENTRY(held) entry; /* L */
};

struct launcher_wish {
	size_t count;
	struct held_program *programs[]; /* NULL: a struct held has taken it */
};

struct launcher {
	struct spawner *spawner;
	char library[PATH_MAX];
	int epoll, wake, timer;
	unsigned numbers;
	pthread_mutex_t lock;
	struct launcher_wish *wish; /* B: not looked at yet */
	LIST_HEAD(, held) programs; /* L */
	LIST_HEAD(, kept) leaving;  /* retired, or ended with users */
};

/* The thread that tends. Ends the holder; no worker uses it any more. NULL is fine. */
void launcher_free_kept(struct kept *kept);

/* Any thread: there is something to tend. */
void launcher_wake(struct launcher *launcher);

/* The held program that is equal to it, or NULL. The lock is held, or it is the thread that tends.
 */
struct held *launcher_find(struct launcher *launcher, const struct holder_program *program);

#endif

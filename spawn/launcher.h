/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_LAUNCHER_H
#define SPAWN_LAUNCHER_H

/*
 * Starts jobs. The caller does not choose the way: a job comes from the holder of its program, when
 * there is one that works, and else from the spawner. There is one holder for each distinct struct
 * holder_program; until it is ready, one that is wanted no longer and differs in preload and prime
 * only takes its jobs. It is restarted when it ends. It is replaced when a file of the program has
 * changed, after a job's crash, and after LAUNCHER_RECYCLE_JOBS jobs. A program that cannot be held
 * is started cold, and the log says once why.
 *
 * launcher_tend and launcher_settle belong to one thread at a time. That thread has to live as long
 * as there are jobs, because a job dies with the thread that started its holder. Both can take
 * seconds, when a holder or standby does not answer, and hold no lock meanwhile. All other
 * functions: any thread. Only launcher_start waits, for what it starts.
 */

#include <stdbool.h>
#include <stddef.h>

#include "spawn/holder.h"
#include "spawn/job.h"
#include "spawn/spawner.h"

enum { LAUNCHER_RECYCLE_JOBS = 1000, LAUNCHER_READY_MS = 2000 };

struct launcher;

/* The spawner stays the caller's. Returns 0 or -errno. */
int launcher_new(struct spawner *spawner, struct launcher **out);

/* Ends all holders. No job may be running any more. NULL is fine. */
void launcher_free(struct launcher *launcher);

/* What is to be held; equal programs are one. Copies everything. Returns 0 or -ENOMEM. */
struct launcher_wish;
int launcher_wish_new(
	const struct holder_program *programs, size_t count, struct launcher_wish **out);
/* NULL is fine. */
void launcher_wish_free(struct launcher_wish *wish);

/* From now on this is to be held, and nothing else; what is the same stays. Takes the wish. What
 * is no longer wanted is dropped by launcher_tend when the new ones are ready. */
void launcher_set(struct launcher *launcher, struct launcher_wish *wish);

/* Readable when there is something to do: then call launcher_tend. */
int launcher_get_fd(const struct launcher *launcher);
void launcher_tend(struct launcher *launcher);

/* Waits until every program is held, or known not to be: LAUNCHER_READY_MS at the most. */
void launcher_settle(struct launcher *launcher);

/* As spawner_start. `warm` false: cold in any case. job->holder tells which way it was. */
int launcher_start(
	struct launcher *launcher, const struct job_spec *spec, bool warm, struct job *job);

/* To be told of every job's end. */
void launcher_ended(struct launcher *launcher, unsigned holder, const struct job_result *result);

/* Any thread. */
bool launcher_holds(struct launcher *launcher, const struct holder_program *program);

/* Which programs are held. Any thread. Fills at most max, returns how many. */
enum launcher_state {
	LAUNCHER_HELD,
	LAUNCHER_BEGINNING, /* a holder starts, or will */
	LAUNCHER_REFUSED,   /* it cannot be held: always cold */
};
struct launcher_view {
	char program[128];
	char prime[64]; /* the first function, or "": what tells holders of one program apart */
	enum launcher_state state;
	pid_t pid;     /* of the holder; 0: none */
	unsigned jobs; /* of this holder */
};
size_t launcher_look(struct launcher *launcher, struct launcher_view *out, size_t max);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_GUARD_H
#define SPAWN_GUARD_H

/* The jobs that a spawner or holder has started and that may have processes left. It kills them
 * when the daemon is gone. One thread. */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spawn/job.h"

enum { GUARD_JOBS_MAX = 4096 };

struct guard {
	struct job *jobs;
	struct pollfd *poll; /* poll[0 … guard->fixed) are the owner's, then one for each job */
	size_t fixed;
	size_t count;
	size_t capacity;
	uint64_t kill_key; /* for group_signal_watched */
	pid_t daemon;	   /* the parent of this process and of all leaders */
	size_t ended;	   /* jobs whose leader is a zombie that the daemon has not reaped yet */
};

/* For a zeroed guard, in a child of the daemon; `fixed` as above. */
void guard_init(struct guard *guard, size_t fixed);

/* Room for one more job beside `fixed` other descriptors: 0, -EAGAIN (GUARD_JOBS_MAX) or -ENOMEM.
 */
int guard_reserve(struct guard *guard);

/* Takes job->pidfd. guard_reserve came before. */
void guard_take(struct guard *guard, struct job *job);

/* How long poll(2) may sleep. */
int guard_timeout_ms(const struct guard *guard);

/* After poll: forgets the jobs of which nothing is left. */
void guard_sweep(struct guard *guard);

/* Whether the daemon is gone, or about to go: its children have another parent. */
bool guard_is_orphaned(const struct guard *guard);

/* The job whose process group that is, or NULL. */
const struct job *guard_find(const struct guard *guard, pid_t group);

/* SIGKILL to all of them. */
void guard_kill_all(const struct guard *guard);

#endif

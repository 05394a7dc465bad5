/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_PROGRESS_H
#define SRC_OBSERVE_PROGRESS_H

/*
 * Where a request is just now. Written by its worker, read by whoever shows it: every field by
 * itself, none of them decides anything.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_phase {
	PROGRESS_PLANNING,
	PROGRESS_QUEUED,
	PROGRESS_STARTING,
	PROGRESS_CONVERTING,
	PROGRESS_SENDING,
};

enum { PROGRESS_PIDS_MAX = 4 };

struct progress {
	atomic_int phase;
	atomic_int pids[PROGRESS_PIDS_MAX]; /* of the programs while they run; 0: none */
	atomic_uint_fast64_t
		bytes;	  /* of output that left the pipe (whole, while converting), or all of it */
	atomic_bool gone; /* nobody waits for it any more */
};

static inline void progress_set_bytes(struct progress *progress, uint64_t bytes)
{
	atomic_store(&progress->bytes, bytes);
}

/* The programs have ended; what they made is sent. */
static inline void progress_end(struct progress *progress, uint64_t bytes)
{
	for (size_t i = 0; i < PROGRESS_PIDS_MAX; i++)
		atomic_store(&progress->pids[i], 0);
	progress_set_bytes(progress, bytes);
	atomic_store(&progress->phase, PROGRESS_SENDING);
}

#endif

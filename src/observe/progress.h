/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_PROGRESS_H
#define SRC_OBSERVE_PROGRESS_H

/*
 * The current step of a request. Its worker writes it, the status page reads it, each field on its
 * own. Nothing is decided by it.
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
	atomic_uint_fast64_t bytes; /* whole, while the programs run: output that has left the pipe;
				       else all output */
	/* What the meter has found at its last look; 0 before the first one. */
	atomic_uint_fast64_t cpu_us, memory_bytes;
	atomic_bool gone; /* its client has left */
};

static inline void progress_set_bytes(struct progress *progress, uint64_t bytes)
{
	atomic_store(&progress->bytes, bytes);
}

/* The programs have ended; their output is sent now. */
static inline void progress_end(struct progress *progress, uint64_t bytes)
{
	for (size_t i = 0; i < PROGRESS_PIDS_MAX; i++)
		atomic_store(&progress->pids[i], 0);
	progress_set_bytes(progress, bytes);
	atomic_store(&progress->phase, PROGRESS_SENDING);
}

#endif

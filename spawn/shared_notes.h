/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_SHARED_NOTES_H
#define SPAWN_SHARED_NOTES_H

/*
 * What a spawner tells the daemon about jobs that it has ended: the system call for which. Memory
 * that both have mapped, because the daemon asks only when it reaps such a job, and nobody need
 * wait for a message. A note may be lost to a later one (numbers that collide): then the log says
 * only that the job was killed.
 *
 * And which job it has just started, for the daemon whose spawner was killed before it could say
 * so.
 */

#include <stdatomic.h>
#include <sys/types.h>

#include "spawn/filter.h"

enum { SHARED_NOTES_COUNT = 512 };

struct shared_notes {
	struct {
		atomic_int pid; /* of the job's leader; 0: no note */
		char call[FILTER_NAME_MAX];
	} notes[SHARED_NOTES_COUNT];
	pid_t leader; /* written by the kernel with the job's start, cleared by the daemon that
			 knows the job; never by both at a time: one job is started after the other
		       */
};

/* Maps `*fd`, or makes it when it is -1: it stays the caller's. Returns 0 or -errno. */
int shared_notes_map(int *fd, struct shared_notes **out);
void shared_notes_unmap(struct shared_notes *notes);

/* In the spawner, before it ends the job. */
void shared_notes_put(struct shared_notes *notes, pid_t pid, const char *call);

/* In the daemon, after the job has been reaped. True when there was a note. */
bool shared_notes_take(struct shared_notes *notes, pid_t pid, char call[FILTER_NAME_MAX]);

#endif

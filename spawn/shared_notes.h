/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_STOPS_H
#define SPAWN_STOPS_H

/*
 * What a spawner tells the daemon about jobs that it has ended: the system call for which. Memory that both have mapped, because
 * the daemon asks only when it reaps such a job, and nobody need wait for a message. A note may be lost to a later one (numbers
 * that collide): then the log says only that the job was killed.
 *
 * And which job it has just started, for the daemon whose spawner was killed before it could say so.
 */

#include <stdatomic.h>
#include <sys/types.h>

#include "spawn/filter.h"

enum { STOPS_COUNT = 512 };

struct stops {
	struct {
		atomic_int pid; /* of the job's leader; 0: no note */
		char call[FILTER_NAME_MAX];
	} notes[STOPS_COUNT];
	pid_t leader; /* written by the kernel with the job's start, cleared by the daemon that knows the job; never by both at a
			 time: one job is started after the other */
};

/* Maps `*fd`, or makes it when it is -1: it stays the caller's. Returns 0 or -errno. */
int stops_map(int *fd, struct stops **out);
void stops_unmap(struct stops *stops);

/* In the spawner, before it ends the job. */
void stops_put(struct stops *stops, pid_t pid, const char *call);

/* In the daemon, after the job has been reaped. True when there was a note. */
bool stops_take(struct stops *stops, pid_t pid, char call[FILTER_NAME_MAX]);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_SHARED_NOTES_H
#define SPAWN_SHARED_NOTES_H

/*
 * What a spawner or a holder tells the daemon of a job that it has ended: the system call for
 * which. This is memory that both have mapped, because the daemon asks only when it reaps such a
 * job, and nothing has to wait for a message. A later note can replace an earlier one (their
 * process numbers collide); then the log says only that the job was killed. The daemon takes
 * numbers from here and no text.
 *
 * A spawner also tells which job it has just started, for a daemon whose spawner is killed before
 * it could say so. Holders have a mapping of their own, so that they cannot write this.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SHARED_NOTES_COUNT = 512 };

struct shared_notes {
	struct {
		atomic_int pid; /* of the job's leader; 0: no note */
		atomic_int number;
		atomic_uint architecture; /* AUDIT_ARCH_… */
	} notes[SHARED_NOTES_COUNT];
	/* Written by the kernel with the job's start; cleared by the daemon, which then knows the
	 * job. Never both at a time: jobs are started one after the other. */
	pid_t leader;
};

/* Maps `*fd`, or makes it when it is -1: it stays the caller's. Returns 0 or -errno. */
int shared_notes_map(int *fd, struct shared_notes **out);
void shared_notes_unmap(struct shared_notes *notes);

/* Before the job is ended. */
void shared_notes_put(struct shared_notes *notes, pid_t pid, uint32_t architecture, int number);

/* In the daemon, after the job has been reaped. True when there was a note. Any thread. */
bool shared_notes_take(struct shared_notes *notes, pid_t pid, uint32_t *architecture, int *number);

#endif

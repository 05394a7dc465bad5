/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_HOLDER_H
#define SPAWN_HOLDER_H

/*
 * The daemon's side of one held program: the process that waits before its main (spawn/warm), and
 * the standby that it has announced. Main thread, but for holder_start: any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spawn/confinement.h"
#include "spawn/job.h"

/* What is held: strings and vectors are NULL-terminated. */
struct holder_program {
	const char *program; /* absolute */
	const char *name;    /* argv[0] */
	char *const *envp;   /* HOME and TMPDIR do not count: they belong to the job */
	char *const *preload;
	char *const *prime;
	enum job_confine confine; /* of its jobs: their filter is installed ahead */
};

struct holder_options {
	const char *library; /* libsluice-warm.so */
	bool namespaces;     /* as the spawner has them */
	const struct confinement *confinement;
	int notes_fd; /* shared_notes_map, for all holders; borrowed */
	int epoll;    /* told when holder_tend has something to do; data.u64 is the number */
};

struct holder;

enum holder_state {
	HOLDER_STARTING,
	HOLDER_READY,
	HOLDER_ENDED, /* no process is left of it: free it */
};

/* Starts the process. `number` is what jobs will say that they came from. Returns 0 or -errno. */
int holder_new(const struct holder_options *options, const struct holder_program *program,
	unsigned number, struct holder **out);

/* Kills it if it is not at its end; its jobs stay. NULL is fine. */
void holder_free(struct holder *holder);

/* Takes what it has sent and notices its end; never waits. */
enum holder_state holder_tend(struct holder *holder);

/* Whether holder_tend has found it busy with a job, since this was asked last, and has to be called
 * again. Any thread. */
bool holder_was_missed(struct holder *holder);

/* No more jobs: it ends when the last one has ended. */
void holder_retire(struct holder *holder);

/* SIGKILL. */
void holder_kill(struct holder *holder);

/* Why it ended without having been ready, or a remark; "" for none. Valid until holder_free. */
const char *holder_note(const struct holder *holder);
pid_t holder_pid(const struct holder *holder);

enum { HOLDER_E_AWAY = 1, HOLDER_E_STALE = 2 };

/* As spawner_start, but: HOLDER_E_AWAY, no process took the job in time; HOLDER_E_STALE, a file of
 * the program has changed, and this holder is of no use any more. After both nothing of the job has
 * happened. */
int holder_start(struct holder *holder, const struct job_spec *spec, struct job *job);

#endif

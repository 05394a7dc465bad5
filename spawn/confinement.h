/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CONFINEMENT_H
#define SPAWN_CONFINEMENT_H

/*
 * What confines jobs, prepared once: the filters, and an open descriptor of each path that all jobs
 * may read. The daemon makes a job's rule set and sends it with the job. So the process that starts
 * the job needs one system call for it, and the spawner's lock is not held meanwhile. Any thread.
 */

#include <stdbool.h>

#include "spawn/job.h"

struct confinement;

struct confinement_support {
	int landlock;	      /* version of the kernel's Landlock; 0: none */
	int landlock_refusal; /* then the errno, as landlock_refusal gives it */
	bool seccomp;
};

/* Returns 0 or -errno. What the kernel lacks is no error: look at the support. */
int confinement_new(struct confinement **out);
void confinement_free(struct confinement *confinement);

struct confinement_support confinement_get_support(const struct confinement *confinement);

/* Memory files for filters_map, borrowed; -1: the kernel has no filters. The second one is for a
 * holder, whose jobs can read all that the holder knows: no way to execute anything in `strict`. */
int confinement_get_filters(const struct confinement *confinement);
int confinement_get_holder_filters(const struct confinement *confinement);

/* The rule set for this one job, into *fd, the caller's; -1 when the level is `off` or there is no
 * Landlock. Returns 0 or -errno: then the job must not be started. Paths to read that are not there
 * are skipped. */
int confinement_ruleset(
	const struct confinement *confinement, const struct job_spec *spec, int *fd);

/* Whether jobs may read `path`, which is absolute, as far as names tell: because all may, because
 * it is below a path of the job's list `read`, or because it is beside its program, also an
 * absolute path. For messages; nothing is decided by it. */
bool confinement_may_read(char *const *read, const char *program, const char *path);

/* Makes the larger part of the next job's rule set ahead. Called when a job has just been started,
 * since nothing waits for it then. It reports no error: the rule set is made later then. */
void confinement_prepare(const struct confinement *confinement);

/* For the daemon itself. From here on this thread, and all that it starts, can read everywhere, but
 * write only below the given directories (NULL-terminated; missing ones are skipped). It cannot
 * open TCP connections, nor make the calls that only an attacker makes. Sets no_new_privs. Returns
 * 0 or -errno. */
int confinement_enter(const struct confinement *confinement, const char *const *writable);

#endif

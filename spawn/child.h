/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CHILD_H
#define SPAWN_CHILD_H

/*
 * What a new process does to itself before it is the job's program: the same steps whether it then
 * calls execve (cold) or goes on into a main that is already loaded (warm). They run while the
 * spawner's memory is shared (CLONE_VM), so they are raw system calls, and child.c is compiled
 * without sanitizers.
 */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "spawn/job.h"

enum child_step {
	CHILD_STEP_CLONE, /* not even a process */
	CHILD_STEP_GROUP,
	CHILD_STEP_DAEMON, /* the daemon is gone */
	CHILD_STEP_LIMITS,
	CHILD_STEP_FILES,
	CHILD_STEP_DIRECTORY,
	CHILD_STEP_LANDLOCK,
	CHILD_STEP_FILTER,
	CHILD_STEP_EXEC,
};

struct child_limit {
	int resource;
	struct rlimit value;
};
enum { CHILD_LIMITS_MAX = 6 };

/* Filled in before the clone; the child only reads it, but for the last two. */
struct child_plan {
	const struct job_spec *spec; /* every files[].fd is above JOB_TARGET_MAX */
	int null_fd;		     /* /dev/null, above JOB_TARGET_MAX */
	int daemon_pidfd;	     /* likewise */
	/* Confinement, prepared by others so that nothing but two system calls is left to do here.
	 * Whoever fills this in, for cold and for warm alike: the rule set is
	 * protocol_job.ruleset_fd, as it came; the filter is filters_get(filters mapped once by
	 * filters_map, spec->confinement.level, namespaced), also for level `off`. A holder maps
	 * confinement_get_holder_filters(), which it inherits; keys are for who executes. */
	int ruleset_fd;			 /* Landlock; -1: none */
	const struct sock_fprog *filter; /* NULL: none */
	struct sock_filter
		*filter_room; /* FILTER_LENGTH_MAX, for a copy of it; NULL with a pid namespace */
	uint64_t keys[2];
	struct child_limit limits[CHILD_LIMITS_MAX];
	size_t limit_count;

	enum child_step step; /* that was begun last */
	int error;	      /* errno of it; 0: none */
};

/* Sets plan->limits from spec->limits, none above what this process may give. */
void child_plan_limits(struct child_plan *plan);

/* Installs a filter in this process; with `room` after a copy that names this process where the
 * original has FILTER_SELF. The same restrictions as in child_prepare. Returns 0 or an errno value.
 */
int child_install_filter(const struct sock_fprog *filter, struct sock_filter *room);

/* Group, parent-death signal, limits, files, directory, Landlock, filter, signal mask. In the
 * child. Returns 0 or an errno value, with plan->step saying where. */
int child_prepare(struct child_plan *plan);

/* For clone(2): child_prepare and execve; ends with the status 127 and plan->error when it cannot.
 */
int child_execute(void *plan);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CHILD_H
#define SPAWN_CHILD_H

/*
 * What a new process does to itself before it becomes the job's program. The steps are the same
 * whether it then calls execve (cold) or goes on into a main that is already loaded (warm). In the
 * cold case they run while the memory is shared with the spawner (CLONE_VM). So they are raw system
 * calls, and child.c is compiled without sanitizers.
 */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "spawn/job.h"

enum child_step {
	CHILD_STEP_CLONE, /* there is no process */
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

/* oom_score_adj of all jobs; proc_pid_oom_score_adj(5): half of the machine's memory is added. */
#define CHILD_OOM_SCORE "500"

/*
 * The contract of a start:
 *
 * - The starting process (spawner or standby) fills in everything before the clone. The child only
 *   reads it, except for `step` and `error`, which it writes.
 * - All descriptors here belong to the starting process: spec->files[] and ruleset_fd to the packet
 *   that brought them (protocol_close), null_fd and daemon_pidfd to the process for its whole life.
 *   All of them are close-on-exec and above JOB_TARGET_MAX, so that placing one can never overwrite
 *   another.
 * - child_prepare closes nothing. It duplicates files to their targets. Every other descriptor is
 *   closed by execve, or in a held program by the standby (close_the_rest).
 * - After an error the process is not the job. A cold child exits with status 127, a standby as
 *   well. The starting process still owns, and closes, every descriptor as after a success. Limits,
 *   process group, directory and Landlock may have changed by then, but only in the child.
 * - The parent is the daemon (CLONE_PARENT). It reaps the process in both cases.
 */
struct child_plan {
	const struct job_spec *spec; /* every files[].fd is above JOB_TARGET_MAX */
	int null_fd;		     /* /dev/null, above JOB_TARGET_MAX */
	int daemon_pidfd;	     /* likewise */
	/* Confinement. It is prepared elsewhere, so that two system calls are left to do here. The
	 * rule set is protocol_job.ruleset_fd. The filter is what filters_get returns for
	 * spec->confinement.level, also for `off`, or what a standby has not got yet of it. The
	 * keys are for execve: filters.keys. */
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

/* Installs a filter in this process. With `room`, a copy is installed that has the number of this
 * process where the original has FILTER_SELF. Only system calls, as in child_prepare. Returns 0 or
 * an errno value. */
int child_install_filter(const struct sock_fprog *filter, struct sock_filter *room);

/* In the child: sets group, parent-death signal, limits, files, directory, Landlock, filter and
 * signal mask. Returns 0, or an errno value; plan->step says which step failed. */
int child_prepare(struct child_plan *plan);

/* For clone(2): child_prepare and execve. After an error it sets plan->error and exits with 127. */
int child_execute(void *plan);

#endif

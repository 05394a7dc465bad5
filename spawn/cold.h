/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_COLD_H
#define SPAWN_COLD_H

/* The cold way to start a job: clone a child that shares the memory, and execute the program in it.
 * In the spawner. */

#include <stdbool.h>

#include "spawn/child.h"
#include "spawn/job.h"

struct cold {
	void *stack;   /* of the children, one at a time */
	pid_t *leader; /* where the number of the one that was started last goes, borrowed */
	bool namespaces;
};

/* Returns 0 or -errno. Never freed: the spawner ends with its process. */
int cold_init(struct cold *cold, bool namespaces, pid_t *leader);

/* Starts the program as a child of this process' parent. Returns 0, or an errno value with
 * plan->step saying what failed; job->pidfd (the caller's) is -1 when there is no process, else the
 * parent has one to reap. */
int cold_start(const struct cold *cold, struct child_plan *plan, struct job *job);

#endif

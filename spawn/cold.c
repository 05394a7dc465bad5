/* SPDX-License-Identifier: MIT */
/*
 * CLONE_VM spares the copy of the page tables, CLONE_VFORK makes the shared memory safe (this
 * process sleeps until the child has executed or ended, and then reads what the child wrote into
 * the plan), CLONE_PARENT makes the daemon the parent. The child has a stack of its own with a
 * guard page below it, because it may not return into frames of ours.
 */
#include "spawn/cold.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

enum { STACK_SIZE = 65536, GUARD_SIZE = 65536 /* a page of any size in use */ };

int cold_init(struct cold *cold, bool namespaces)
{
	char *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	if (mprotect(memory, GUARD_SIZE, PROT_NONE) < 0)
		return -errno;
	cold->stack = memory + GUARD_SIZE + STACK_SIZE;
	cold->namespaces = namespaces;
	return 0;
}

int cold_start(const struct cold *cold, struct child_plan *plan, struct job *job)
{
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PIDFD | SIGCHLD;
	if (cold->namespaces)
		flags |= CLONE_NEWPID;
	plan->step = CHILD_STEP_CLONE;
	plan->error = 0;
	*job = (struct job){.pidfd = -1, .namespaced = cold->namespaces,
		.confine = plan->spec->confinement.level};
	int pidfd = -1;
	pid_t pid = clone(child_execute, cold->stack, flags, plan, &pidfd);
	if (pid < 0)
		return errno;
	job->pid = pid;
	job->pidfd = pidfd;
	return plan->error;
}

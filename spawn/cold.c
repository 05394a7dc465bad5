/* SPDX-License-Identifier: MIT */
/*
 * CLONE_VM avoids copying the page tables. CLONE_VFORK makes the shared memory safe: this process
 * sleeps until the child has executed its program or ended, and then reads what the child wrote
 * into the plan. CLONE_PARENT makes the daemon the parent. The child has a stack of its own with a
 * guard page below it.
 *
 * This process may be killed while it sleeps there, and the daemon does not know of the child yet.
 * So the kernel writes the child's number where the daemon can read it (CLONE_PARENT_SETTID, which
 * excludes CLONE_PIDFD).
 */
#include "spawn/cold.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "spawn/process.h"

enum { STACK_SIZE = 65536, GUARD_SIZE = 65536 /* a page of any size in use */ };

int cold_init(struct cold *cold, bool namespaces, pid_t *leader)
{
	char *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	if (mprotect(memory, GUARD_SIZE, PROT_NONE) < 0)
		return -errno;
	cold->stack = memory + GUARD_SIZE + STACK_SIZE;
	cold->namespaces = namespaces;
	cold->leader = leader;
	return 0;
}

int cold_start(const struct cold *cold, struct child_plan *plan, struct job *job)
{
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
	if (cold->namespaces)
		flags |= CLONE_NEWPID;
	plan->step = CHILD_STEP_CLONE;
	plan->error = 0;
	*job = (struct job){.pidfd = -1,
		.namespaced = cold->namespaces,
		.confine = plan->spec->confinement.level};
	pid_t pid = clone(child_execute, cold->stack, flags, plan, cold->leader);
	if (pid < 0)
		return errno;
	/* The number stays the child's own until the daemon reaps it. Without a pidfd the daemon
	 * treats the answer as a protocol error and kills spawner and job. */
	job->pid = pid;
	int pidfd = process_open(pid);
	job->pidfd = pidfd < 0 ? -1 : pidfd;
	return plan->error;
}

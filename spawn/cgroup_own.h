/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CGROUP_OWN_H
#define SPAWN_CGROUP_OWN_H

/*
 * The memory cgroup that the daemon was started in, whether or not it is delegated: its limit, and
 * how many of its processes the kernel has killed for want of memory. Version 2, and version 1.
 */

#include <stdint.h>

struct cgroup_own {
	int events;	      /* memory.events, or memory.oom_control; -1: there is none */
	uint64_t limit_bytes; /* the lowest of the group and those above it; 0: none */
};

#define CGROUP_OWN_NONE                                                                            \
	{                                                                                          \
		.events = -1                                                                       \
	}

/* Before cgroup_begin moves the daemon, and before the sandbox. */
void cgroup_own_open(struct cgroup_own *out);
void cgroup_own_close(struct cgroup_own *own);

/* Since the group was made, those of groups below it included (version 2). The kernel counts before
 * it kills. Any thread. */
uint64_t cgroup_own_kills(const struct cgroup_own *own);

#endif

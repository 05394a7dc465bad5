/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CGROUP_H
#define SPAWN_CGROUP_H

/*
 * Where the daemon's own cgroup (version 2) is delegated to it, each job that the meter looks at
 * gets a group of its own below it. Then the kernel limits the memory of all its processes,
 * including shared memory, and their number. A later job uses the group again.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In the daemon, before it has threads or children. The cgroup must be delegated, have the
 * controllers, and contain no other process. Then the daemon moves into a group of its own there,
 * "daemon", and enables the controllers for the groups beside it. Returns 0 and the directory,
 * -ENOTSUP when the cgroup is not like that, or -errno. */
int cgroup_begin(char directory[PATH_MAX]);

/* The rest is for one thread of one process, the meter. */
enum { CGROUP_JOBS_MAX = 512 };

struct cgroup_job {
	pid_t leader; /* 0: free */
	bool made, ending;
	uint64_t kills; /* that it had when the job came */
};

struct cgroups {
	int directory; /* -1: there are none */
	pid_t daemon;
	bool failed; /* and said so */
	struct cgroup_job jobs[CGROUP_JOBS_MAX];
};

struct cgroup_limits {
	uint64_t memory_bytes; /* 0: none */
	uint64_t processes;    /* 0: none */
};

/* NULL or "": without. */
void cgroups_open(struct cgroups *cgroups, const char *directory, pid_t daemon);
/* Waits until they are empty, for some seconds, and removes them. */
void cgroups_close(struct cgroups *cgroups);

/* Moves those of a job's processes that are elsewhere into its group, which gets these limits when
 * it is new. Returns whether any was moved. */
bool cgroups_gather(struct cgroups *cgroups, pid_t leader, const struct cgroup_limits *limits,
	const pid_t *processes, size_t count);
/* The job has ended. Returns how many of its processes were killed for want of memory. */
uint64_t cgroups_end(struct cgroups *cgroups, pid_t leader);

#endif

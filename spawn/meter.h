/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_METER_H
#define SPAWN_METER_H

/*
 * What a running job has that no limit of the kernel bounds: memory that it shares with itself
 * (RLIMIT_DATA counts private memory only), and files that are open but have no name any more. A
 * process of our own looks, because the daemon is in a Landlock domain and may not look into
 * processes that are outside of it. That process is started again when it ends.
 *
 * A look is no limit: what a job takes between two of them is not seen. Any thread, but for
 * meter_new and meter_free.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct meter;

struct meter_amount {
	uint64_t memory_bytes; /* resident, anonymous and shared, of all its processes; what two of
				  them share counts once */
	uint64_t
		unlinked_bytes; /* on the disk, in files that are open or mapped and have no name */
	uint64_t cpu_us;	/* of its processes that have not ended */
	bool hidden;		/* one of its processes could not be looked into */
	bool countless;		/* it has more tasks or descriptors than are counted */
};

/* Starts it; temp_path: the directory in which those of the jobs are; cgroup: of cgroup_begin, or
 * NULL. Main thread, before the daemon is confined: it would be, too. Returns 0 or -errno. */
int meter_new(const char *temp_path, const char *cgroup, struct meter **out);
/* Whether it puts jobs into cgroups: to look early is of use then. */
bool meter_has_cgroups(const struct meter *meter);
/* Ends it. NULL is fine. */
void meter_free(struct meter *meter);

struct meter_limits {
	uint64_t memory_bytes; /* the memory is only counted exactly when it seems to be more; 0:
				  not at all */
	uint64_t disk_bytes;   /* of its directory, 0: none; memory, when that is in memory */
	uint64_t processes;    /* 0: none */
};

/* Looks at the job whose leader has this number and has not been reaped; `name`: of its directory.
 * Where there are cgroups its processes are put into one with these limits. Returns 0, or -errno:
 * nothing is known. -EAGAIN: another thread looks just now. -EIO: the counting process has ended,
 * and another one is started. -EBUSY: it did not answer lately. -EPIPE: there is no meter any more.
 * A caller that gets nothing else for long ends the job. Waits METER_WAIT_MS at the most. */
enum { METER_WAIT_MS = 500 };
int meter_look(struct meter *meter, pid_t leader, const char *name,
	const struct meter_limits *limits, struct meter_amount *out);

/* A job that was looked at has ended, and has not been reaped. Returns whether the kernel has
 * killed one of its processes because of its memory. */
bool meter_end(struct meter *meter, pid_t leader);

/* main() of the meter: called first thing by sluice's main when argv[1] is METER_ARGUMENT. */
#define METER_ARGUMENT "--meter"
_Noreturn void meter_main(int argc, char **argv);

#endif

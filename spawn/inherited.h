/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_INHERITED_H
#define SPAWN_INHERITED_H

/* What a process of our own inherits from the daemon: the agreement between those who start it
 * (process_start) and its main. */

/* The spawner. argv: its name, SPAWNER_ARGUMENT, one of the two modes, the temporary directory or
 * "". Numbers 0 and 1 are /dev/null, 2 is stderr. */
enum {
	SPAWNER_SOCKET_FD = 3,
	SPAWNER_DAEMON_FD = 4,	/* a pidfd */
	SPAWNER_NOTES_FD = 5,	/* shared_notes_map */
	SPAWNER_FILTERS_FD = 6, /* filters_map; closed: the kernel has no filters */
	SPAWNER_END_FD = 7,
	SPAWNER_ARGC = 4,
};

#define SPAWNER_NAMESPACES "namespaces"
#define SPAWNER_NO_NAMESPACES "no-namespaces"

/* The meter. argv: its name, METER_ARGUMENT, the delegated cgroup or "". */
enum { METER_SOCKET_FD = 3, METER_END_FD = 4 };

/* A holder (warm/). All numbers that programs may see are /dev/null, so that a
 * descriptor that a constructor opens lies above. */
enum {
	HOLDER_SOCKET_FD = 16,
	HOLDER_DAEMON_FD = 17,	/* a pidfd */
	HOLDER_NOTES_FD = 18,	/* shared_notes_map */
	HOLDER_FILTERS_FD = 19, /* as SPAWNER_FILTERS_FD */
	HOLDER_END_FD = 20,
};

/* It gets its name and this many arguments in all, the others empty. What a constructor remembers
 * of them (the runtime of Rust does) can then be made true for any job, in its place. */
enum { HOLDER_ARGUMENTS = 317 };

/* Three variables of its environment beside LD_PRELOAD. All are taken out before main could see
 * them. The first one is "<pid of the daemon> namespaces confine=1" or the like. The others list
 * modules to open and functions to call, each followed by a line break. */
#define HOLDER_MODE_VARIABLE "SLUICE_WARM"
#define HOLDER_MODULES_VARIABLE "SLUICE_WARM_PRELOAD"
#define HOLDER_PRIME_VARIABLE "SLUICE_WARM_PRIME"
#define HOLDER_NAMESPACES " namespaces"
#define HOLDER_NO_NAMESPACES " no-namespaces"
#define HOLDER_CONFINE " confine="	  /* and an enum job_confine; absent: jobs differ */
#define HOLDER_TITLE "sluice: holder of " /* before the program, in ps */

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_PROCESS_H
#define SPAWN_PROCESS_H

#include <spawn.h>
#include <sys/types.h>

/* Processes that the daemon starts for itself: spawner and holders. */

/* Returns a pidfd or -errno. */
int process_open(pid_t pid);

/* Every signal at its default and none blocked; a process group of its own, so that Ctrl-C at a
 * terminal is not for it. Initialised attributes in; returns 0 or -errno. */
int process_attributes(posix_spawnattr_t *attributes);

/* Reaps the process behind *pidfd, within the time (-1: whenever) or by force, and closes it. */
void process_reap(int *pidfd, int timeout_ms);

/* For a child whose pidfd there is no room for: nobody has reaped it, so the number is its own. */
void process_end_by_number(pid_t pid);

/* A duplicate of fd that is not below `least`, or -errno. */
int process_above(int fd, int least);

/* What spawner.c hands to spawner_main.c across posix_spawn: argv is name, SPAWNER_ARGUMENT, one of
 * the two modes, the temporary directory or ""; and these descriptors beside 0, 1 (/dev/null) and 2
 * (stderr). */

enum {
	SPAWNER_SOCKET_FD = 3,
	SPAWNER_DAEMON_FD = 4,
	SPAWNER_NOTES_FD = 5,	/* shared_notes_map */
	SPAWNER_FILTERS_FD = 6, /* filters_map; closed: the kernel has no filters */
	SPAWNER_ARGC = 4,
};

/* The same for a program that is held (warm/): three variables beside LD_PRELOAD, all taken out of
 * its environment before its main could see them: "<pid of the daemon> namespaces confine=1" or the
 * like; modules to open; functions to call, both with line breaks between. All numbers that
 * programs may see are /dev/null, so that whatever a constructor opens lies above. */
enum {
	HOLDER_SOCKET_FD = 16,
	HOLDER_DAEMON_FD = 17,
	HOLDER_FILTERS_FD = 18,
	HOLDER_FIXED_FDS = 19
};

/* A holder gets its name and otherwise empty arguments, so many: what a constructor remembers of
 * them (Rust's does) can then be made true for any job, where it stands. */
enum { HOLDER_ARGUMENTS = 317 };

#define HOLDER_MODE_VARIABLE "SLUICE_WARM"
#define HOLDER_MODULES_VARIABLE "SLUICE_WARM_PRELOAD"
#define HOLDER_PRIME_VARIABLE "SLUICE_WARM_PRIME"
#define HOLDER_NAMESPACES " namespaces"
#define HOLDER_NO_NAMESPACES " no-namespaces"
#define HOLDER_CONFINE " confine="	  /* and an enum job_confine, or nothing of that */
#define HOLDER_TITLE "sluice: holder of " /* before the program, in ps */

#define SPAWNER_NAMESPACES "namespaces"
#define SPAWNER_NO_NAMESPACES "no-namespaces"

#endif

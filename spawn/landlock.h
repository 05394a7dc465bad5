/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_LANDLOCK_H
#define SPAWN_LANDLOCK_H

/*
 * Landlock by raw system calls, since the C library has no functions for them: landlock(7),
 * include/uapi/linux/landlock.h. What the running kernel does not know is left out. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

/* Of a file or of all that is below a directory. */
enum landlock_use {
	LANDLOCK_READ,	 /* read */
	LANDLOCK_RUN,	 /* read and execute */
	LANDLOCK_DEVICE, /* read and write, of a device */
	LANDLOCK_KEEP,	 /* everything but executing and making devices or sockets */
	LANDLOCK_SERVE,	 /* KEEP, and sockets */
};

/* From which version on it looks at these. */
enum { LANDLOCK_ABI_TRUNCATE = 3, LANDLOCK_ABI_SCOPE = 6 /* signals */ };

/* The version of the kernel's Landlock, 0: it has none, or it is switched off. */
int landlock_abi(void);
/* Why the version is 0: the errno of asking for it. ENOSYS: the kernel, or a filter that says so;
 * EOPNOTSUPP: it is switched off at boot; another one: a filter. */
int landlock_refusal(void);

/* A new rule set: nothing in the file system is allowed, nor TCP; `scoped`: neither are signals to
 * processes and connections to abstract sockets outside. Returns a descriptor or -errno. */
int landlock_new(int abi, bool scoped);

/* The rights of `use` for what fd is. They depend on the file, so they are found out once. Returns
 * 0 for what has none. */
uint64_t landlock_rights(int abi, int fd, enum landlock_use use);

/* Returns 0 or -errno. `fd` may be O_PATH and stays the caller's. */
int landlock_allow(int ruleset, int fd, uint64_t rights);

/* This thread and what it starts, for ever; needs no_new_privs. Returns 0 or -errno. */
int landlock_restrict(int ruleset);

#endif

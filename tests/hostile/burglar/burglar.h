/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_BURGLAR_H
#define HOSTILE_BURGLAR_H

/*
 * A converter that somebody has taken over. It reads a plan from its source (descriptor 3), makes
 * the attempts that the plan names, and prints a line for each: its name, its target, and "done" or
 * the name of the error. One thread; built without sanitizers, which need what a confined process
 * cannot have.
 *
 * Attempts do no harm where they succeed: they put back what they have changed, and remove what
 * they have made.
 */

#include <stddef.h>
#include <sys/types.h>

/* What an attempt is made on: the plan's lines of these kinds, which are "kind name argument". */
enum {
	TARGET_READ = 1 << 0, /* "read": a file to be read */
	TARGET_LINK = 1 << 1, /* "link": a link whose target tells something */
	TARGET_LIST = 1 << 2, /* "list": a directory to be listed */
	TARGET_OPEN =
		1 << 3, /* "open": a file to be opened for writing, of those the kernel makes */
	TARGET_FILE = 1 << 4,	 /* "file": of the daemon's user, and needed: left as it is */
	TARGET_PREY = 1 << 5,	 /* "prey": a file of the daemon's user that nobody needs */
	TARGET_ROOM = 1 << 6,	 /* "room": a directory of the daemon's user */
	TARGET_PROCESS = 1 << 7, /* "process": a number */
	TARGET_SOCKET =
		1 << 8, /* "socket": a datagram socket's path, or @name of an abstract one */
	TARGET_KINDS = 9,
};

/* A call has succeeded and changed nothing: a filter answers so where programs would fail. */
enum { BURGLAR_NO_EFFECT = -4095 };

/* Returns 0 when it succeeded, BURGLAR_NO_EFFECT or -errno. `argument` is a path, or the number of
 * a process. */
typedef int burglar_attempt(const char *argument);

struct burglar_entry {
	const char *name;
	burglar_attempt *attempt;
	unsigned targets; /* 0: made once, with "" */
};

/* Each ends with an entry without a name. */
extern const struct burglar_entry burglar_files[];
extern const struct burglar_entry burglar_attributes[];
extern const struct burglar_entry burglar_code[];
extern const struct burglar_entry burglar_processes[];
extern const struct burglar_entry burglar_sockets[];
extern const struct burglar_entry burglar_kernel[];
extern const struct burglar_entry burglar_limits[];

/* The value of the plan's line "set name value"; "" when there is none. */
const char *burglar_value(const char *name);

/* What a system call returned, as an attempt returns it. */
int burglar_result(long returned);

#endif

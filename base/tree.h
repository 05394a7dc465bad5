/* SPDX-License-Identifier: MIT */
#ifndef BASE_TREE_H
#define BASE_TREE_H

/*
 * Directories that a job has made: of any depth and width, with any names and modes, and perhaps
 * still being written to. These functions need the same stack and the same few descriptors for any
 * tree, never follow a symbolic link, and end by a clock or a count of ours. Any thread; 32 KiB of
 * stack are enough.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* When to stop, even if something is left. */
struct tree_limit {
	uint64_t until_ms;	 /* as clock_now_ms(); CLOCK_NEVER: no limit */
	uint64_t entries;	 /* looked at or changed; 0: no limit */
	const atomic_bool *stop; /* true: stop; NULL: none */
};

/* Removes the directory `name` below dirfd with all that is in it, as far as the limit allows.
 * Another call can remove what is left. Needs three descriptors, or 20 where the kernel refuses to
 * move anything from one directory to another (Landlock before Linux 5.19). Goes on after an error.
 * Returns 0, -EAGAIN when the limit came first, or the first -errno. */
int tree_remove(int dirfd, const char *name, const struct tree_limit *limit);

/* Called for each entry. directory: the one that the entry is in. path: below the directory in
 * which the walk began; its last part is the name of the entry. A result other than 0 ends the walk
 * and is its result. */
typedef int tree_visit(void *data, int directory, const char *path, const struct stat *st);

struct tree_bounds {
	unsigned depth;	  /* of directories; 0: only what is in the first one */
	unsigned entries; /* at most */
	uint64_t until_ms;
	bool strict; /* a directory that cannot be read is an error; otherwise it is passed over */
};

/* Visits all entries below the directory `name` in dirfd. Entries that vanish meanwhile are passed
 * over. Needs two descriptors. Returns 0, what visit returned, -EOVERFLOW when the depth or the
 * number of entries was too large, -ETIME, or -errno. */
int tree_walk(int dirfd, const char *name, const struct tree_bounds *bounds, tree_visit *visit,
	void *data);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef BASE_TREE_H
#define BASE_TREE_H

/*
 * Directories that a stranger has made: of any depth and width, with any names and modes, and
 * perhaps still being written to. What works on them needs the same stack and the same few
 * descriptors whatever they look like, never follows a symbolic link, and ends by a clock or a
 * count of ours. Any thread; 32 KiB of stack are enough.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* When to stop, whatever is left. */
struct tree_limit {
	uint64_t until_ms;	 /* clock_now_ms(); CLOCK_NEVER: no matter when */
	uint64_t entries;	 /* looked at or changed; 0: no matter how many */
	const atomic_bool *stop; /* NULL: nobody asks for it */
};

/* Removes the directory `name` below dirfd with all that is in it, as far as the limit allows:
 * what is left can be removed by another call. Needs three descriptors; 20 where the kernel lets
 * nothing be moved from one directory to another (Landlock before Linux 5.19). Returns 0,
 * -EAGAIN when the limit came first, or the first -errno; goes on after an error. */
int tree_remove(int dirfd, const char *name, const struct tree_limit *limit);

/* directory: where it lies; path: below the directory that the walk began in, path + the last
 * "/" is `name`. Not 0 ends the walk and is its result. */
typedef int tree_visit(void *data, int directory, const char *path, const struct stat *st);

struct tree_bounds {
	unsigned depth;	  /* of directories; 0: only what is in the first one */
	unsigned entries; /* that are looked at */
	uint64_t until_ms;
	bool strict; /* a directory that cannot be read is an error; else it is passed over */
};

/* Visits all that is in the directory `name` below dirfd. What vanishes meanwhile is passed
 * over. One descriptor at a time beside one for the beginning. Returns 0, what visit returned,
 * -EOVERFLOW when the depth or the entries were too many, -ETIME, or -errno. */
int tree_walk(int dirfd, const char *name, const struct tree_bounds *bounds, tree_visit *visit,
	void *data);

#endif

/* SPDX-License-Identifier: MIT */
/* A quota of the file system would need a mount for each job. The job may write during the look: a
 * file that vanishes meanwhile counts nothing, links are never followed, and the look ends by its
 * own bounds, whatever the job does. */
#include "src/convert/quota.h"

#include <errno.h>

#include "base/clock.h"
#include "base/tree.h"

enum {
	BLOCK = 4096,
	FILES_MAX = 16384,
	LOOKS_MAX = 4 * FILES_MAX, /* entries, also those that vanish meanwhile */
	DEPTH_MAX = 16,
	LOOK_MS = 1000,
};

struct sum {
	uint64_t left; /* bytes */
	unsigned files_left;
};

static int add(void *data, int directory, const char *path, const struct stat *st)
{
	(void)directory;
	(void)path;
	struct sum *sum = data;
	uint64_t bytes = (uint64_t)st->st_blocks * 512;
	if (bytes < BLOCK)
		bytes = BLOCK;
	if (bytes > sum->left || sum->files_left == 0)
		return QUOTA_EXCEEDED;
	sum->left -= bytes;
	sum->files_left--;
	return 0;
}

int quota_look(int parent_fd, const char *name, uint64_t limit)
{
	struct sum sum = {.left = limit, .files_left = FILES_MAX};
	const struct tree_bounds bounds = {
		.depth = DEPTH_MAX,
		.entries = LOOKS_MAX,
		.until_ms = clock_now_ms() + LOOK_MS,
		.strict = true,
	};
	int r = tree_walk(parent_fd, name, &bounds, add, &sum);
	/* A tree beyond the bounds exceeds the limit. So does a directory that the job has made
	 * unreadable: its content cannot be measured. */
	return r == -EOVERFLOW || r == -EACCES ? QUOTA_EXCEEDED : r;
}

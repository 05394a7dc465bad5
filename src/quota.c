/* SPDX-License-Identifier: MIT */
/* A quota of the file system would need a mount for each job. The job is still writing while this
 * looks: what vanishes meanwhile counts nothing, and links are never followed. */
#include "src/quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

enum { BLOCK = 4096, FILES_MAX = 16384, DEPTH_MAX = 16 };

struct sum {
	uint64_t left; /* bytes */
	unsigned files_left;
	bool exceeded;
};

static void add(struct sum *sum, const struct stat *st)
{
	uint64_t bytes = (uint64_t)st->st_blocks * 512;
	if (bytes < BLOCK)
		bytes = BLOCK;
	if (bytes > sum->left || sum->files_left == 0) {
		sum->exceeded = true;
		return;
	}
	sum->left -= bytes;
	sum->files_left--;
}

static void walk(struct sum *sum, int parent_fd, const char *name, unsigned depth)
{
	FD_CLEANUP int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		sum->exceeded = errno == EACCES; /* whoever hides something has something to hide */
		return;
	}
	fd_take(&fd);
	struct dirent *entry;
	while (!sum->exceeded && (entry = readdir(directory))) {
		struct stat st;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		add(sum, &st);
		if (!S_ISDIR(st.st_mode) || sum->exceeded)
			continue;
		if (depth == DEPTH_MAX)
			sum->exceeded = true;
		else
			walk(sum, dirfd(directory), entry->d_name, depth + 1);
	}
	closedir(directory);
}

bool quota_is_exceeded(int parent_fd, const char *name, uint64_t limit)
{
	struct sum sum = {.left = limit, .files_left = FILES_MAX};
	walk(&sum, parent_fd, name, 0);
	return sum.exceeded;
}

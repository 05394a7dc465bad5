/* SPDX-License-Identifier: MIT */
/*
 * The directories that are still to be read stand in a list, as paths, and are opened by their
 * path. So there is no stack of open directories, and none is read twice. The last one found is
 * read first, which keeps the list short.
 */
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/directory.h"
#include "base/fd.h"

enum { PATHS_BYTES_MAX = 4 << 20 };

struct pending {
	char *path; /* "" for the first one */
	unsigned depth;
};

struct walk {
	const struct tree_bounds *bounds;
	tree_visit *visit;
	void *data;
	int top;
	unsigned looked;
	struct pending *pending;
	size_t count, capacity;
	size_t bytes; /* of all paths together */
};

static int add_pending(struct walk *walk, const char *path, unsigned depth)
{
	if (walk->count == walk->capacity) {
		size_t capacity = walk->capacity ? walk->capacity * 2 : 16;
		struct pending *more = realloc(walk->pending, capacity * sizeof *more);
		if (!more)
			return -ENOMEM;
		walk->pending = more;
		walk->capacity = capacity;
	}
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	walk->pending[walk->count++] = (struct pending){copy, depth};
	walk->bytes += strlen(path) + 1;
	return 0;
}

static int open_pending(const struct walk *walk, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, walk->top, *path ? path : ".", &how, sizeof how);
	return fd < 0 ? -errno : (int)fd;
}

static bool has_vanished(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV;
}

static int look_at(struct walk *walk, int directory, const struct pending *in, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	if (++walk->looked > walk->bounds->entries)
		return -EOVERFLOW;
	if (walk->bounds->until_ms != CLOCK_NEVER && clock_now_ms() >= walk->bounds->until_ms)
		return -ETIME;
	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || !walk->bounds->strict ? 0 : -errno;
	int n = snprintf(path, sizeof path, "%s%s%s", in->path, *in->path ? "/" : "", name);
	if (n < 0 || (size_t)n >= sizeof path)
		return walk->bounds->strict ? -EOVERFLOW : 0;
	int r = walk->visit(walk->data, directory, path, &st);
	if (r != 0 || !S_ISDIR(st.st_mode))
		return r;
	if (in->depth >= walk->bounds->depth)
		return walk->bounds->strict ? -EOVERFLOW : 0;
	if (walk->bytes + (size_t)n >= PATHS_BYTES_MAX)
		return walk->bounds->strict ? -EOVERFLOW : 0;
	return add_pending(walk, path, in->depth + 1);
}

static int read_directory(struct walk *walk, const struct pending *in)
{
	FD_CLEANUP int fd = open_pending(walk, in->path);
	if (fd < 0)
		return has_vanished(fd) || !walk->bounds->strict ? 0 : fd;
	struct directory directory;
	directory_begin(&directory, fd);
	for (const struct dirent64 *entry; (entry = directory_next(&directory));) {
		int r = look_at(walk, fd, in, entry->d_name);
		if (r != 0)
			return r;
	}
	return directory.error != -ENOENT && walk->bounds->strict ? directory.error : 0;
}

int tree_walk(int dirfd, const char *name, const struct tree_bounds *bounds, tree_visit *visit,
	void *data)
{
	FD_CLEANUP int top = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return -errno;
	struct walk walk = {.bounds = bounds, .visit = visit, .data = data, .top = top};
	int r = add_pending(&walk, "", 0);
	while (walk.count > 0 && r == 0) {
		struct pending in = walk.pending[--walk.count];
		walk.bytes -= strlen(in.path) + 1;
		r = read_directory(&walk, &in);
		free(in.path);
	}
	while (walk.count > 0)
		free(walk.pending[--walk.count].path);
	free(walk.pending);
	return r;
}

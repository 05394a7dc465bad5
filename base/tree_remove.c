/* SPDX-License-Identifier: MIT */
/*
 * A tree may be deeper than any stack or table of descriptors, because mkdir and chdir have no
 * PATH_MAX. So this code does not descend. It moves a directory that is not empty up, right below
 * the root of the tree, under a new name. Every directory is emptied as a child of the root, and
 * the tree itself holds what is left to do. Each level costs some ten system calls.
 *
 * Where the kernel refuses to move (Landlock before Linux 5.19; a full disk), the code descends,
 * with the last few levels open. It finds the levels above again from the top. That is slow for
 * very deep trees, but needs no more descriptors.
 */
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/directory.h"
#include "base/fd.h"

enum { WAY_MAX = 16, FRESH_MAX = 24 };

struct removal {
	const struct tree_limit *limit;
	int root;
	uint64_t looked; /* at so many entries */
	uint64_t done;	 /* of these are gone, or have been moved up */
	uint64_t fresh;	 /* number of the next name */
	int error;	 /* the first one */
};

static bool is_over(const struct removal *removal)
{
	const struct tree_limit *limit = removal->limit;
	return (limit->entries && removal->looked >= limit->entries) ||
	       (limit->stop && atomic_load(limit->stop)) ||
	       (limit->until_ms != CLOCK_NEVER && clock_now_ms() >= limit->until_ms);
}

static void note(struct removal *removal, int r)
{
	if (r < 0 && removal->error == 0)
		removal->error = r;
}

/* The directory's mode may forbid reading it; that is changed. Returns the descriptor or -errno. */
static int open_directory(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	int fd = openat(parent, name, flags);
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(parent, name, flags);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700); /* if that fails, removing fails below */
	return fd;
}

/* Returns 0 also when the entry is gone already, -ENOTEMPTY for a directory with entries. */
static int remove_entry(int directory, const char *name, unsigned char type)
{
	int unlinked = EISDIR;
	if (type != DT_DIR) {
		if (unlinkat(directory, name, 0) == 0)
			return 0;
		unlinked = errno;
	}
	if (unlinked != EISDIR && unlinked != EPERM)
		return unlinked == ENOENT ? 0 : -unlinked;
	if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return -unlinked;
	return errno == EEXIST ? -ENOTEMPTY : -errno;
}

/* Moves a directory to the root of the tree. Each name that is taken there costs one try, once. */
static int move_up(struct removal *removal, int from, const char *name)
{
	for (bool opened = false; !is_over(removal);) {
		char fresh[FRESH_MAX];
		snprintf(fresh, sizeof fresh, "%llu", (unsigned long long)removal->fresh);
		if (renameat(from, name, removal->root, fresh) == 0)
			return 0;
		if (errno == ENOENT)
			return 0;
		if (errno == EACCES && !opened) {
			/* The move changes the directory's "..", so the directory itself must be
			 * writable. */
			opened = true;
			if (fchmodat(from, name, 0700, AT_SYMLINK_NOFOLLOW) < 0)
				return -errno;
			continue;
		}
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return -errno;
		removal->fresh++;
		removal->looked++;
	}
	return -EAGAIN;
}

/* Counts the entry. At the limit: NULL, and the error is -EAGAIN. */
static const struct dirent64 *next_entry(struct removal *removal, struct directory *directory)
{
	const struct dirent64 *entry = directory_next(directory);
	if (!entry)
		return NULL;
	removal->looked++;
	if (!is_over(removal))
		return entry;
	directory->error = -EAGAIN;
	return NULL;
}

enum { LEVEL_EMPTY = 0, LEVEL_DOWN = 1 };

/* Removes the entries of the directory up to the first directory that is not empty: LEVEL_DOWN,
 * with its name. */
static int empty_level(struct removal *removal, int fd, char down[NAME_MAX + 1])
{
	struct directory directory;
	lseek(fd, 0, SEEK_SET);
	directory_begin(&directory, fd);
	for (const struct dirent64 *entry; (entry = next_entry(removal, &directory));) {
		int r = remove_entry(fd, entry->d_name, entry->d_type);
		if (r == -ENOTEMPTY) {
			snprintf(down, NAME_MAX + 1, "%s", entry->d_name);
			return LEVEL_DOWN;
		}
		if (r < 0)
			return r;
		removal->done++;
	}
	return directory.error < 0 ? directory.error : LEVEL_EMPTY;
}

/* The levels that are open, from the highest to the lowest. */
struct way {
	int fds[WAY_MAX];
	unsigned count;
	bool lost; /* there were more above */
};

static void way_add(struct way *way, int fd)
{
	if (way->count == WAY_MAX) {
		fd_close(&way->fds[0]);
		memmove(way->fds, way->fds + 1, sizeof way->fds - sizeof way->fds[0]);
		way->count--;
		way->lost = true;
	}
	way->fds[way->count++] = fd;
}

static void way_clear(struct way *way)
{
	while (way->count > 0)
		fd_close(&way->fds[--way->count]);
}

/* Removes `name` without moving anything. Each round empties the levels that are open. An error
 * ends all rounds, because the next one would meet it again. */
static int empty_downwards(struct removal *removal, int parent, const char *name)
{
	struct way way = {.lost = true};
	char down[NAME_MAX + 1];
	int r = 0;
	while (way.lost && r >= 0) {
		way.lost = false;
		r = open_directory(parent, name);
		if (r >= 0)
			way_add(&way, r);
		while (r >= 0 && way.count > 0) {
			int directory = way.fds[way.count - 1];
			r = empty_level(removal, directory, down);
			if (r == LEVEL_DOWN && (r = open_directory(directory, down)) >= 0)
				way_add(&way, r);
			else if (r == LEVEL_EMPTY)
				fd_close(&way.fds[--way.count]);
		}
	}
	way_clear(&way);
	return r < 0 ? r : unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Removes an entry of a directory below the root, or moves it up. */
static void clear_entry(struct removal *removal, int directory, const struct dirent64 *entry)
{
	int r = remove_entry(directory, entry->d_name, entry->d_type);
	if (r == -ENOTEMPTY) {
		r = move_up(removal, directory, entry->d_name);
		if (r < 0 && r != -EAGAIN)
			r = empty_downwards(removal, directory, entry->d_name);
	}
	removal->done += r == 0;
	note(removal, r);
}

/* A directory right below the root. */
static void clear_directory(struct removal *removal, const char *name)
{
	FD_CLEANUP int fd = open_directory(removal->root, name);
	if (fd < 0) {
		note(removal, fd == -ENOENT ? 0 : fd);
		return;
	}
	struct directory directory;
	directory_begin(&directory, fd);
	for (const struct dirent64 *entry; (entry = next_entry(removal, &directory));)
		clear_entry(removal, fd, entry);
	if (directory.error == -EAGAIN)
		return;
	note(removal, directory.error);
	removal->done += unlinkat(removal->root, name, AT_REMOVEDIR) == 0;
}

/* Once through what is right below the root. */
static void clear_root(struct removal *removal)
{
	struct directory directory;
	lseek(removal->root, 0, SEEK_SET);
	directory_begin(&directory, removal->root);
	for (const struct dirent64 *entry; (entry = next_entry(removal, &directory));) {
		int r = remove_entry(removal->root, entry->d_name, entry->d_type);
		removal->done += r == 0;
		if (r == -ENOTEMPTY)
			clear_directory(removal, entry->d_name);
		else
			note(removal, r);
	}
	if (directory.error != -EAGAIN)
		note(removal, directory.error);
}

int tree_remove(int dirfd, const char *name, const struct tree_limit *limit)
{
	struct removal removal = {.limit = limit};
	FD_CLEANUP int root = open_directory(dirfd, name);
	if (root == -ENOTDIR || root == -ELOOP) /* it is no directory any more */
		return unlinkat(dirfd, name, 0) < 0 ? -errno : 0;
	if (root < 0)
		return root;
	removal.root = root;
	uint64_t before;
	do {
		before = removal.done;
		removal.error = 0;
		clear_root(&removal);
	} while (removal.done != before && !is_over(&removal));
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	int error = -errno;
	if (is_over(&removal))
		return -EAGAIN;
	return removal.error < 0 ? removal.error : error;
}

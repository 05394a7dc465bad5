/* SPDX-License-Identifier: MIT */
/* To make and remove a directory for every job took a third of the daemon's own time on a file
 * system with a journal (ext4), and most jobs leave nothing in it. So a directory is used again
 * when its job has left it as it was: empty, with its mode and without attributes. Any other
 * directory is removed and made anew. A few files are removed at once, so that an ordinary request
 * leaves nothing behind. The job decides how many files there are, so the rest is left to the
 * sweeper.
 *
 * The lock guards free_count and free. A directory that is not free belongs to one job. */
#include "src/convert/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/tree.h"
#include "src/convert/sweeper.h"

enum { KEPT = 16, AT_ONCE_ENTRIES = 64, AT_ONCE_MS = 20 };

struct workdir {
	struct temp *temp;
	struct sweeper *sweeper;
	pthread_mutex_t lock;
	size_t free_count;
	uint64_t free[KEPT];
	atomic_uint_fast64_t next; /* number of the next directory beyond the kept ones */
};

static void put_name(char name[WORKDIR_NAME_MAX], uint64_t number)
{
	snprintf(name, WORKDIR_NAME_MAX, "job%llu", (unsigned long long)number);
}

int workdir_new(struct temp *temp, struct workdir **out)
{
	struct workdir *workdir = calloc(1, sizeof *workdir);
	if (!workdir)
		return -ENOMEM;
	workdir->temp = temp;
	pthread_mutex_init(&workdir->lock, NULL);
	int r = sweeper_new(temp->fd, &workdir->sweeper);
	for (uint64_t i = 0; i < KEPT && r == 0; i++) {
		char name[WORKDIR_NAME_MAX];
		put_name(name, i);
		r = temp_make(workdir->temp, name);
		workdir->free[workdir->free_count++] = KEPT - 1 - i;
	}
	atomic_init(&workdir->next, KEPT);
	if (r < 0) {
		workdir_free(workdir);
		return r;
	}
	*out = workdir;
	return 0;
}

void workdir_free(struct workdir *workdir)
{
	if (!workdir)
		return;
	sweeper_free(workdir->sweeper);
	pthread_mutex_destroy(&workdir->lock);
	free(workdir);
}

int workdir_take(struct workdir *workdir, char name[WORKDIR_NAME_MAX])
{
	pthread_mutex_lock(&workdir->lock);
	bool kept = workdir->free_count > 0;
	if (kept)
		put_name(name, workdir->free[--workdir->free_count]);
	pthread_mutex_unlock(&workdir->lock);
	if (!kept)
		put_name(name, atomic_fetch_add(&workdir->next, 1));
	/* A kept one is there, unless somebody clears up in our directory. */
	int r = temp_make(workdir->temp, name);
	if (kept && r == -EEXIST)
		return 0;
	if (r < 0)
		name[0] = '\0';
	return r;
}

/* Whether there is nothing but "." and "..". */
static bool is_empty(int fd)
{
	_Alignas(8) char entries[256];
	long n = syscall(SYS_getdents64, fd, entries, sizeof entries);
	size_t names = 0;
	for (long at = 0; at < n; names++) {
		/* struct linux_dirent64 of getdents64(2): d_reclen follows two 64-bit numbers. */
		uint16_t length;
		memcpy(&length, entries + at + 16, sizeof length);
		at += length;
	}
	return names == 2 && syscall(SYS_getdents64, fd, entries, sizeof entries) == 0;
}

static bool is_as_it_was(const struct workdir *workdir, const char *name)
{
	FD_CLEANUP int fd =
		openat(workdir->temp->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_mode == (S_IFDIR | 0700) &&
	       st.st_uid == geteuid() && flistxattr(fd, NULL, 0) <= 0 && is_empty(fd);
}

/* Returns 0 when the name is free again, or -errno. */
static int clear_away(const struct workdir *workdir, const char *name)
{
	/* Removing an empty directory needs no descriptor; there may be none just now. */
	if (unlinkat(workdir->temp->fd, name, AT_REMOVEDIR) == 0)
		return 0;
	const struct tree_limit limit = {
		.until_ms = clock_now_ms() + AT_ONCE_MS, .entries = AT_ONCE_ENTRIES};
	if (tree_remove(workdir->temp->fd, name, &limit) == 0)
		return 0;
	return sweeper_take(workdir->sweeper, name);
}

void workdir_give(struct workdir *workdir, char name[WORKDIR_NAME_MAX])
{
	if (!name[0])
		return;
	uint64_t number = strtoull(name + 3, NULL, 10);
	bool keep = number < KEPT;
	int r = 0;
	if (!keep || !is_as_it_was(workdir, name)) {
		r = clear_away(workdir, name);
		if (r == 0 && keep)
			r = temp_make(workdir->temp, name);
	}
	if (r < 0)
		log_error("temporary directory %s is not used again: %s", name, strerror(-r));
	name[0] = '\0';
	if (!keep || r < 0)
		return;
	pthread_mutex_lock(&workdir->lock);
	workdir->free[workdir->free_count++] = number;
	pthread_mutex_unlock(&workdir->lock);
}

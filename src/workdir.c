/* SPDX-License-Identifier: MIT */
/* Making and removing a directory for every job was a third of the daemon's own time on a file system with a journal (ext4), and
 * most jobs leave nothing in it. So one is used again when its job left it as it was: empty, with its mode and without
 * attributes. Anything else is removed with all that is in it, and made anew. */
#include "src/workdir.h"

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
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

enum { KEPT = 16, REMOVE_TRIES = 500 };

struct workdir {
	int temp_fd;
	pthread_mutex_t lock; /* for free_count and free */
	size_t free_count;
	uint64_t free[KEPT];
	atomic_uint_fast64_t next; /* numbers those beyond the kept ones */
};

static void put_name(char name[WORKDIR_NAME_MAX], uint64_t number)
{
	snprintf(name, WORKDIR_NAME_MAX, "job%llu", (unsigned long long)number);
}

static int make(const struct workdir *workdir, const char *name)
{
	return mkdirat(workdir->temp_fd, name, 0700) < 0 ? -errno : 0;
}

int workdir_new(int temp_fd, struct workdir **out)
{
	struct workdir *workdir = calloc(1, sizeof *workdir);
	if (!workdir)
		return -ENOMEM;
	workdir->temp_fd = temp_fd;
	pthread_mutex_init(&workdir->lock, NULL);
	int r = 0;
	for (uint64_t i = 0; i < KEPT && r == 0; i++) {
		char name[WORKDIR_NAME_MAX];
		put_name(name, i);
		r = make(workdir, name);
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
	if (kept)
		return 0;
	put_name(name, atomic_fetch_add(&workdir->next, 1));
	int r = make(workdir, name);
	if (r < 0)
		name[0] = '\0';
	return r;
}

/* Nothing but "." and ".." in it. */
static bool is_empty(int fd)
{
	_Alignas(8) char entries[256];
	long n = syscall(SYS_getdents64, fd, entries, sizeof entries);
	size_t names = 0;
	for (long at = 0; at < n; names++) {
		/* struct linux_dirent64 of getdents64(2): d_reclen stands behind two 64-bit numbers. */
		uint16_t length;
		memcpy(&length, entries + at + 16, sizeof length);
		at += length;
	}
	return names == 2 && syscall(SYS_getdents64, fd, entries, sizeof entries) == 0;
}

static bool is_as_it_was(const struct workdir *workdir, const char *name)
{
	FD_CLEANUP int fd =
		openat(workdir->temp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_mode == (S_IFDIR | 0700) &&
	       st.st_uid == geteuid() && flistxattr(fd, NULL, 0) <= 0 && is_empty(fd);
}

/* An empty one needs no descriptor for it. Otherwise one may be lacking just now, while many requests end; those that
 * end free some. */
static int remove_all(const struct workdir *workdir, const char *name)
{
	if (unlinkat(workdir->temp_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	int r = fd_remove_tree(workdir->temp_fd, name);
	for (int i = 0; i < REMOVE_TRIES && (r == -EMFILE || r == -ENFILE); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		r = fd_remove_tree(workdir->temp_fd, name);
	}
	return r;
}

void workdir_give(struct workdir *workdir, char name[WORKDIR_NAME_MAX])
{
	if (!name[0])
		return;
	uint64_t number = strtoull(name + 3, NULL, 10);
	bool keep = number < KEPT;
	int r = 0;
	if (!keep || !is_as_it_was(workdir, name)) {
		r = remove_all(workdir, name);
		if (r == 0 && keep)
			r = make(workdir, name);
	}
	if (r < 0)
		log_error("temporary directory %s not removed: %s", name, strerror(-r));
	name[0] = '\0';
	if (!keep || r < 0)
		return;
	pthread_mutex_lock(&workdir->lock);
	workdir->free[workdir->free_count++] = number;
	pthread_mutex_unlock(&workdir->lock);
}

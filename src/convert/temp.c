/* SPDX-License-Identifier: MIT */
/* Between mkdtemp and the lock a starting daemon's directory looks like one of a dead daemon. So
 * whoever has locked a directory looks whether its name still leads to it, and who has lost its
 * directory makes another. */
#include "src/convert/temp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define PREFIX "sluice."
#define PATTERN "XXXXXX"

enum { TRIES = 8 };

bool temp_is_name(const char *name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t prefix = strlen(PREFIX), length = prefix + strlen(PATTERN);
	return strncmp(name, PREFIX, prefix) == 0 && strlen(name) == length &&
	       strspn(name + prefix, characters) == length - prefix;
}

int temp_lock(int directory_fd, const char *name)
{
	struct stat st, named;
	FD_CLEANUP int fd =
		openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP || errno == EACCES ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -EPERM;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (fstatat(directory_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return named.st_dev == st.st_dev && named.st_ino == st.st_ino ? fd_take(&fd) : -ENOENT;
}

/* Some file systems have no locks: the directory is used without one. */
static int open_unlocked(const char *path, int r)
{
	if (r != -ENOLCK && r != -EOPNOTSUPP && r != -ENOSYS && r != -EINVAL)
		return r;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What identifies the directory that fd leads to. */
static int remember(struct temp *temp, int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	temp->device = st.st_dev;
	temp->inode = st.st_ino;
	return 0;
}

int temp_open(struct temp *temp, const char *temp_path)
{
	int r = -EWOULDBLOCK;
	*temp = (struct temp)TEMP_NONE;
	for (int i = 0; i < TRIES && (r == -EWOULDBLOCK || r == -ENOENT); i++) {
		int n = snprintf(temp->dir, sizeof temp->dir, "%s/" PREFIX PATTERN, temp_path);
		if (n < 0 || (size_t)n >= sizeof temp->dir)
			return -ENAMETOOLONG;
		if (!mkdtemp(temp->dir)) {
			temp->dir[0] = '\0';
			return -errno;
		}
		r = open_unlocked(temp->dir, temp_lock(AT_FDCWD, temp->dir));
		if (r < 0)
			rmdir(temp->dir);
	}
	if (r >= 0) {
		temp->fd = r;
		r = remember(temp, temp->fd);
	}
	if (r < 0) {
		temp_close(temp);
		return r;
	}
	return 0;
}

static bool is_there(const struct temp *temp)
{
	struct stat st;
	return fstatat(AT_FDCWD, temp->dir, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == temp->device && st.st_ino == temp->inode;
}

/* What stands in the place may be used if it is this user's and no living daemon's: the earlier
 * directory comes back when what was mounted over it goes away. */
static int make_again(struct temp *temp)
{
	if (mkdir(temp->dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	FD_CLEANUP int fd = open_unlocked(temp->dir, temp_lock(AT_FDCWD, temp->dir));
	if (fd < 0)
		return fd;
	int r = remember(temp, fd);
	if (r == 0 && dup3(fd, temp->fd, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0)
		log_warning("the temporary directory %s was removed by somebody else; made again",
			temp->dir);
	return r;
}

int temp_restore(struct temp *temp)
{
	pthread_mutex_lock(&temp->lock);
	int r = is_there(temp) ? 0 : make_again(temp);
	pthread_mutex_unlock(&temp->lock);
	return r;
}

int temp_make(struct temp *temp, const char *name)
{
	int r;
	/* A second time if it goes away in between. */
	for (int i = 0; i < 2; i++) {
		r = temp_restore(temp);
		if (r == 0 && mkdirat(temp->fd, name, 0700) < 0)
			r = -errno;
		if (r != -ENOENT)
			break;
	}
	return r;
}

void temp_close(struct temp *temp)
{
	fd_close(&temp->fd);
	temp->dir[0] = '\0';
}

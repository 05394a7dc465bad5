/* SPDX-License-Identifier: MIT */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "files over 2 GiB: build with _FILE_OFFSET_BITS=64");
_Static_assert(sizeof(time_t) == 8, "times after 2038: build with _TIME_BITS=64");

void fd_close(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;
	close(*fd);
	errno = saved;
	*fd = -1;
}

int fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

int fd_reopen(int fd, int flags)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = open(path, flags | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

bool fd_is_local(int fd)
{
	struct statfs found;
	if (fstatfs(fd, &found) < 0)
		return false;
	switch ((unsigned long)found.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;
	while (size > 0) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

unsigned long fd_raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
}

void fd_reserve(unsigned long count)
{
	if (count == 0 || count > INT_MAX)
		return;
	FD_CLEANUP int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	FD_CLEANUP int last = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, (int)count - 1);
	(void)last;
}

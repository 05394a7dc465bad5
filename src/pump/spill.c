/* SPDX-License-Identifier: MIT */
/* The files have no name, so no other process can open them. The kernel frees such a file with its
 * last descriptor, also when the daemon is killed. */
#include "src/pump/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/fd.h"

int spill_open(int directory_fd)
{
	int fd = openat(directory_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? -errno : fd;
	char name[48];
	snprintf(name, sizeof name, "spill%d", gettid());
	fd = openat(directory_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	unlinkat(directory_fd, name, 0);
	return fd;
}

int spill_open_named(int directory_fd, const char *name)
{
	const int flags = O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC;
	int fd = openat(directory_fd, name, flags, 0600);
	if (fd < 0 && errno == EEXIST && unlinkat(directory_fd, name, 0) == 0)
		fd = openat(directory_fd, name, flags, 0600);
	return fd < 0 ? -errno : fd;
}

int spill_open_memory(void)
{
	int fd = memfd_create("result", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t copy(int pipe, int file, uint64_t size)
{
	char buffer[16384];
	ssize_t n = read(pipe, buffer, size < sizeof buffer ? (size_t)size : sizeof buffer);
	if (n <= 0)
		return n;
	int r = fd_write_all(file, buffer, (size_t)n);
	if (r == 0)
		return n;
	errno = -r;
	return -1;
}

int spill_pipe(int pipe, int file, uint64_t size)
{
	enum { AT_ONCE = 1 << 30 }; /* fits into a size_t of 32 bits */
	bool can_splice = true;
	while (size > 0) {
		ssize_t n = can_splice ? splice(pipe, NULL, file, NULL,
						 size < AT_ONCE ? (size_t)size : AT_ONCE,
						 SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
				       : copy(pipe, file, size);
		if (n < 0 && errno == EINVAL && can_splice)
			can_splice = false;
		else if (n == 0 || (n < 0 && errno == EAGAIN))
			return -ENODATA;
		else if (n < 0 && errno != EINTR)
			return -errno;
		else if (n > 0)
			size -= (uint64_t)n;
	}
	return 0;
}

int spill_copy(int from, int to, uint64_t size)
{
	off_t offset = 0;
	while ((uint64_t)offset < size) {
		ssize_t n = sendfile(to, from, &offset, (size_t)(size - (uint64_t)offset));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

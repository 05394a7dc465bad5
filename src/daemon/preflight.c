/* SPDX-License-Identifier: MIT */
/* Each row is tried as it is used later: no version of the kernel is looked at, because a filter of
 * system calls changes what a kernel has. */
#include "src/daemon/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "src/source/source.h"

enum { WORDS_MAX = 128 };

static int open_proc(void)
{
	FD_CLEANUP int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int open_null(void)
{
	FD_CLEANUP int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int open_pidfd(void)
{
	FD_CLEANUP int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	return fd < 0 ? -errno : 0;
}

static int make_memfd(void)
{
	FD_CLEANUP int fd = memfd_create("sluice-preflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : 0;
}

static const struct {
	int (*try)(void);
	const char *what, *remedy;
} rows[] = {
	{open_proc, "/proc/self/fd cannot be opened", "mount proc on /proc"},
	{open_null, "/dev/null cannot be opened", "the container needs /dev/null"},
	{source_check, "openat2 is refused",
		"the kernel is older than Linux 5.6, or a filter of system calls refuses it, such "
		"as "
		"RestrictSUIDSGID=yes in a systemd unit"},
	{open_pidfd, "pidfd_open is refused",
		"the kernel is older than Linux 5.3, or a filter of system calls refuses it"},
	{make_memfd, "memfd_create is refused", "a filter of system calls refuses it"},
};

int preflight_check(void)
{
	int first = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int r = rows[i].try();
		if (r == 0)
			continue;
		char buffer[WORDS_MAX];
		struct text words;
		text_init(&words, buffer, sizeof buffer);
		text_error(&words, -r);
		log_error("cannot start: %s: %s: %s", rows[i].what, words.data, rows[i].remedy);
		first = first ? first : r;
	}
	return first;
}

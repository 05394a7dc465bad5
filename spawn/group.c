/* SPDX-License-Identifier: MIT */
/*
 * PIDFD_SIGNAL_PROCESS_GROUP (Linux 6.9) reaches a group without its number, so that it can never
 * be the wrong one, not even after the leader has been reaped by init. Older kernels refuse the
 * flag and get kill(2).
 */
#include "spawn/group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2)
#endif

/* Some container runtimes refuse pidfd_send_signal and allow kill(2). */
static bool is_refused(int error)
{
	return error == ENOSYS || error == EPERM || error == EACCES;
}

/* The number of the process behind a pidfd, as /proc tells it; -ESRCH: it has been reaped. The
 * callers make sure that it is not reaped meanwhile, as far as it is a child of theirs. */
static pid_t pid_of(int pidfd)
{
	static const char name[] = "\nPid:\t";
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	const char *at = strstr(text, name);
	long pid = at ? strtol(at + sizeof name - 1, NULL, 10) : 0;
	return pid > 1 ? (pid_t)pid : -ESRCH;
}

int group_signal_watched(int pidfd, pid_t pgid, int signal, uint64_t key)
{
	if (pgid <= 1)
		return -ESRCH; /* kill(2) would signal every process */
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, PIDFD_SIGNAL_PROCESS_GROUP) == 0)
		return 0;
	if (errno != EINVAL && !is_refused(errno))
		return -errno;
	return syscall(SYS_kill, -pgid, signal, (unsigned long)key) < 0 ? -errno : 0;
}

int group_signal(int pidfd, pid_t pgid, int signal)
{
	return group_signal_watched(pidfd, pgid, signal, 0);
}

int group_signal_leader_watched(int pidfd, int signal, uint64_t key)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0)
		return 0;
	if (!is_refused(errno))
		return -errno;
	pid_t pid = pid_of(pidfd);
	if (pid < 0)
		return pid;
	return syscall(SYS_kill, pid, signal, (unsigned long)key) < 0 ? -errno : 0;
}

int group_signal_leader(int pidfd, int signal)
{
	return group_signal_leader_watched(pidfd, signal, 0);
}

bool group_leader_exists(int pidfd)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0)
		return true;
	return is_refused(errno) ? pid_of(pidfd) != -ESRCH : errno != ESRCH;
}

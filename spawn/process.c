/* SPDX-License-Identifier: MIT */
#include "spawn/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/group.h"

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

int process_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	int r = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setpgroup(attributes, 0);
	return -r;
}

void process_reap(int *pidfd, int timeout_ms)
{
	struct pollfd entry = {*pidfd, POLLIN, 0};
	const uint64_t until_ms = clock_now_ms() + (uint64_t)timeout_ms;
	int n;
	do
		n = poll(&entry, 1, clock_poll_timeout(until_ms));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		group_signal_leader(*pidfd, SIGKILL);
	siginfo_t info;
	while (waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	fd_close(pidfd);
}

int process_above(int fd, int least)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, least);
	return high < 0 ? -errno : high;
}

void process_end_by_number(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

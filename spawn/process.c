/* SPDX-License-Identifier: MIT */
#include "spawn/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
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

static int fill_attributes(posix_spawnattr_t *attributes)
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

/* Every descriptor in `fds` is above the numbers that are written here, so none is overwritten
 * before it has been duplicated. */
static int fill_actions(posix_spawn_file_actions_t *actions, const struct process_plan *plan,
	const struct process_fd *fds, size_t count)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	for (int number = 1; number <= plan->null_last && r == 0; number++)
		r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, number);
	for (size_t i = 0; i < count && r == 0; i++)
		r = fds[i].fd < 0
			    ? posix_spawn_file_actions_addclose(actions, fds[i].number)
			    : posix_spawn_file_actions_adddup2(actions, fds[i].fd, fds[i].number);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, plan->end);
	return -r;
}

/* Returns the pid or -errno. */
static pid_t execute(const struct process_plan *plan, const struct process_fd *fds, size_t count)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid = -1;
	int r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attributes);
	if (r == 0) {
		r = fill_actions(&actions, plan, fds, count);
		if (r == 0)
			r = fill_attributes(&attributes);
		if (r == 0)
			r = -posix_spawn(
				&pid, plan->program, &actions, &attributes, plan->argv, plan->envp);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return r < 0 ? r : pid;
}

/* Duplicates what is given above all numbers that the process gets. Returns the pid or -errno. */
static pid_t execute_with(const struct process_plan *plan, int socket)
{
	struct process_fd fds[PROCESS_FDS_MAX + 1];
	const size_t count = plan->fd_count + 1;
	pid_t r = 0;
	size_t made = 0;
	for (; made < count && r == 0; made++) {
		struct process_fd from = {socket, plan->socket_number};
		if (made > 0)
			from = plan->fds[made - 1];
		fds[made] = (struct process_fd){-1, from.number};
		if (from.fd >= 0)
			fds[made].fd = fcntl(from.fd, F_DUPFD_CLOEXEC, plan->end);
		if (from.fd >= 0 && fds[made].fd < 0)
			r = -errno;
	}
	if (r == 0)
		r = execute(plan, fds, count);
	for (size_t i = 0; i < made; i++)
		fd_close(&fds[i].fd);
	return r;
}

int process_start(const struct process_plan *plan, struct process *out)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	FD_CLEANUP int ours = pair[0];
	FD_CLEANUP int theirs = pair[1];
	pid_t pid = execute_with(plan, theirs);
	if (pid < 0)
		return pid;
	int pidfd = process_open(pid);
	if (pidfd < 0) {
		process_end_by_number(pid);
		return pidfd;
	}
	*out = (struct process){.pid = pid, .pidfd = pidfd, .socket = fd_take(&ours)};
	return 0;
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

void process_end_by_number(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

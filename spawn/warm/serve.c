/* SPDX-License-Identifier: MIT */
/*
 * The holder's loop. A fork of a large program costs a millisecond or two, so it is made ahead:
 * there is always one standby, which the daemon knows and gives its job directly. The standby is a
 * child of the daemon (CLONE_PARENT) and does not come from the C library's fork. The kernel
 * corrects the number of the thread, and nothing else in the library depends on the process (one
 * thread, no locks held).
 *
 * Until the last job has ended the holder stays its guardian: when the daemon is gone it kills what
 * is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/warm/hold.h"

enum { RETRY_MS = 50, RETRY_MAX_MS = 10000 };

/* Like fork(2), but as a child of the daemon and with a pidfd. Not clone3: a filter cannot look
 * into its flags, so a systemd unit with RestrictNamespaces= refuses all of it. With
 * CLONE_PARENT the signal at the end is the one of this process' own end. */
static pid_t copy_process(bool namespaces, int *pidfd)
{
	int *tid_address = NULL;
	prctl(PR_GET_TID_ADDRESS, &tid_address, 0, 0, 0);
	unsigned long flags = CLONE_PARENT | CLONE_PIDFD | (namespaces ? CLONE_NEWPID : 0) |
			      (tid_address ? CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID : 0);
	/* the order of the last two differs between architectures: clone(2) */
#if defined __x86_64__
	return (pid_t)syscall(SYS_clone, flags, NULL, pidfd, tid_address, 0UL);
#elif defined __s390__
	return (pid_t)syscall(SYS_clone, NULL, flags, pidfd, tid_address, 0UL);
#else
	return (pid_t)syscall(SYS_clone, flags, NULL, pidfd, 0UL, tid_address);
#endif
}

static void announce(struct hold *hold, pid_t pid, int pidfd, int socket)
{
	struct protocol_standby standby = {
		.header = protocol_header(PROTOCOL_STANDBY, sizeof standby, 0),
		.pid = pid,
		.flags = hold->namespaces ? PROTOCOL_NAMESPACED : 0,
	};
	const int fds[] = {pidfd, socket};
	/* If that fails the daemon is gone, and the standby sees its socket closed. */
	protocol_send(hold->socket, &standby, sizeof standby, fds, 2);
}

/* True in the standby, when it has its job. */
static bool make_standby(struct hold *hold)
{
	int pipe_fds[2] = {-1, -1}, pair[2] = {-1, -1}, pidfd = -1;
	pid_t pid = -1;
	if (guard_reserve(&hold->guard) == 0 && pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) == 0 &&
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
		pid = copy_process(hold->namespaces, &pidfd);
	if (pid == 0) {
		fd_close(&hold->socket);
		fd_close(&hold->watch.fd);
		fd_close(&pair[0]);
		standby_run(hold, pair[1], pipe_fds[1]);
		return true;
	}
	fd_close(&pair[1]);
	fd_close(&pipe_fds[1]);
	if (pid > 0) {
		announce(hold, pid, pidfd, pair[0]);
		struct job job = {
			.pid = pid,
			.pidfd = pidfd,
			.namespaced = hold->namespaces,
			.confine = (enum job_confine)hold->confine_ahead,
		};
		guard_take(&hold->guard, &job);
		hold->standby_pipe = fd_take(&pipe_fds[0]);
	}
	fd_close(&pair[0]);
	fd_close(&pipe_fds[0]);
	return false;
}

/* False: end of file, or a broken protocol. */
static bool take_message(struct hold *hold)
{
	if (protocol_receive(hold->socket, &hold->packet) != 1)
		return false;
	int r = protocol_decode_retire(&hold->packet);
	protocol_close(&hold->packet);
	hold->retired = true;
	return r == 0;
}

/* A standby that ends before it can wait for a job will probably be followed by others that do. So
 * there is a pause between them. */
static void end_of_standby(struct hold *hold)
{
	char byte;
	bool able = read(hold->standby_pipe, &byte, 1) == 1;
	fd_close(&hold->standby_pipe);
	hold->failures = able ? 0 : hold->failures + 1;
	uint64_t pause_ms = hold->failures < 2 ? 0 : RETRY_MS;
	for (unsigned i = 2; i < hold->failures && pause_ms < RETRY_MAX_MS; i++)
		pause_ms *= 2;
	hold->not_before_ms = clock_now_ms() + pause_ms;
}

static bool wait_events(struct hold *hold)
{
	struct guard *guard = &hold->guard;
	guard->poll[HOLD_POLL_SOCKET] = (struct pollfd){hold->socket, POLLIN, 0};
	guard->poll[HOLD_POLL_DAEMON] = (struct pollfd){hold->daemon_pidfd, POLLIN, 0};
	guard->poll[HOLD_POLL_STANDBY] = (struct pollfd){hold->standby_pipe, 0, 0};
	guard->poll[HOLD_POLL_WATCH] = (struct pollfd){hold->watch.fd, POLLIN, 0};
	int timeout = guard_timeout_ms(guard);
	if (timeout < 0 && hold->standby_pipe < 0 && !hold->retired)
		timeout = RETRY_MS;
	int n = poll(guard->poll, guard->fixed + guard->count, timeout);
	if (n < 0)
		return errno == EINTR;
	bool message = guard->poll[HOLD_POLL_SOCKET].revents != 0;
	if (guard->poll[HOLD_POLL_STANDBY].revents != 0)
		end_of_standby(hold);
	if (guard->poll[HOLD_POLL_WATCH].revents & POLLIN)
		forbidden_call_take(&hold->watch);
	guard_sweep(guard);
	bool gone = guard->poll[HOLD_POLL_DAEMON].revents != 0 || guard_is_orphaned(guard);
	return !gone && (!message || take_message(hold));
}

void hold_serve(struct hold *hold)
{
	while (!hold->retired || hold->guard.count > 0) {
		if (!hold->retired && hold->standby_pipe < 0 &&
			clock_now_ms() >= hold->not_before_ms && make_standby(hold))
			return;
		if (!wait_events(hold)) {
			guard_kill_all(&hold->guard);
			_exit(0);
		}
	}
	_exit(0);
}

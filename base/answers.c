/* SPDX-License-Identifier: MIT */
/*
 * A call that hangs in a file system, of FUSE or of a server that is away, cannot be ended, and
 * neither can a process with a thread that has made it: `sluice -t` would say what is wrong, but
 * not come to its end. So a process of its own makes the call. It is a grandchild, because a child
 * would have to be waited for; process 1, or another reaper, does that. The caller may have
 * threads: between fork and _exit there are only async-signal-safe calls.
 */
#include "base/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

/* It must not hold anything of the daemon's, such as a socket that listens, for as long as it
 * hangs. The pipe gets the first number. */
static _Noreturn void ask(const char *path, int pipe)
{
	struct stat st;
	if (dup2(pipe, 0) < 0 || syscall(SYS_close_range, 1, ~0U, 0) < 0)
		_exit(1);
	stat(path, &st);
	_exit(write(0, "", 1) != 1);
}

static int start(const char *path, int pipe)
{
	pid_t pid = fork(), r;
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			ask(path, pipe);
		_exit(pid < 0);
	}
	int status = 0;
	while ((r = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	return r == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EAGAIN;
}

static int wait_for(int pipe, int wait_ms)
{
	const uint64_t until = clock_now_ms() + (unsigned)wait_ms;
	char byte;
	for (uint64_t now; (now = clock_now_ms()) < until;) {
		struct pollfd ready = {.fd = pipe, .events = POLLIN};
		int r = poll(&ready, 1, (int)(until - now));
		if (r < 0 && errno != EINTR)
			return -errno;
		/* No byte: the process was ended before it had asked. */
		if (r > 0)
			return read(pipe, &byte, 1) == 1 ? 0 : -EIO;
	}
	return -ETIMEDOUT;
}

int answers_within(const char *path, int wait_ms)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	int r = start(path, ends[1]);
	fd_close(&ends[1]);
	if (r == 0)
		r = wait_for(ends[0], wait_ms);
	fd_close(&ends[0]);
	return r;
}

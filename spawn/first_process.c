/* SPDX-License-Identifier: MIT */
/*
 * The daemon cannot reap orphans itself. Its children are jobs and standbys, which the spawner and
 * the holders start for it, and a zombie does not tell whether it is one of them that the daemon
 * has not heard of yet, or an orphan. If it was taken for an orphan, its exit status would be lost.
 * Process 1 has one child of its own, and all others are orphans.
 */
#include "spawn/first_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { FIRST = 1, BY_SIGNAL = 128, FDS_MAX = 65536, END_MS = 5000, LOOK_MS = 100 };

static bool is_split;

bool first_process_is_parent(void)
{
	return is_split && getppid() == FIRST;
}

/* A socket that was inherited is the daemon's to close. stderr stays, for the log. */
static void close_files(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < STDERR_FILENO; fd++)
		if (null_fd < 0 || dup2(null_fd, fd) < 0)
			close(fd);
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
		return;
	for (int fd = STDERR_FILENO + 1; fd < FDS_MAX; fd++)
		close(fd);
}

/* A terminal sends its signals to all processes itself. */
static void pass_on(pid_t daemon, const siginfo_t *info)
{
	static const int passed[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (info->si_signo == passed[i] && info->si_code != SI_KERNEL)
			kill(daemon, info->si_signo);
}

/* Whether the daemon has ended; then with its end in *out. */
static bool reap(pid_t daemon, siginfo_t *out)
{
	for (;;) {
		siginfo_t info = {0};
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL) < 0 && errno == EINTR)
			continue;
		if (info.si_pid == daemon)
			*out = info;
		if (info.si_pid == daemon || info.si_pid == 0)
			return info.si_pid == daemon;
	}
}

/* The end of process 1 is that of all. When the daemon was killed, the spawner kills the jobs and
 * removes the temporary directory, which may be on a volume that stays. */
static void await_others(const sigset_t *all)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	const uint64_t until_ms = clock_now_ms() + END_MS;
	for (;;) {
		siginfo_t info = {0};
		int r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL);
		if ((r < 0 && errno == ECHILD) || clock_now_ms() >= until_ms)
			return;
		if (info.si_pid == 0)
			sigtimedwait(all, NULL, &look);
	}
}

_Noreturn static void be_first(pid_t daemon, const sigset_t *all)
{
	siginfo_t end = {0};
	prctl(PR_SET_NAME, "sluice-first", 0, 0, 0);
	close_files();
	while (!reap(daemon, &end)) {
		siginfo_t info = {0};
		if (sigwaitinfo(all, &info) > 0)
			pass_on(daemon, &info);
	}
	if (end.si_code == CLD_EXITED)
		_exit(end.si_status);
	log_error(
		"the daemon was ended by signal %d (%s)", end.si_status, strsignal(end.si_status));
	await_others(all);
	_exit(BY_SIGNAL + end.si_status);
}

/* What a manager has addressed to process 1 is for the daemon. */
static void rename_addressee(const char *name)
{
	const char *pid = getenv(name);
	char own[16];
	snprintf(own, sizeof own, "%d", (int)getpid());
	if (pid && !strcmp(pid, "1"))
		setenv(name, own, 1);
}

void first_process_split(void)
{
	sigset_t all, before;
	if (getpid() != FIRST)
		return;
	signal(SIGCHLD, SIG_DFL); /* ignored, it would have the daemon reaped unseen */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid > 0)
		be_first(pid, &all);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		log_warning("orphans of converters are not reaped: fork: %s", strerror(errno));
		return;
	}
	is_split = true;
	rename_addressee("LISTEN_PID");
	rename_addressee("WATCHDOG_PID");
}

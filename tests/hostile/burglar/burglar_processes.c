/* SPDX-License-Identifier: MIT */
/*
 * Signal 0 asks whether a signal may be sent. Where that says nothing, SIGURG and SIGWINCH are
 * sent, which do nothing to a process that has not asked for them; the test looks at what has
 * arrived.
 */
#include "burglar.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t number(const char *text)
{
	return (pid_t)strtol(text, NULL, 10);
}

static int try_kill(const char *pid)
{
	return burglar_result(kill(number(pid), 0));
}

static int kill_group(const char *pid)
{
	return burglar_result(kill(-number(pid), 0));
}

static int try_tkill(const char *pid)
{
	return burglar_result(syscall(SYS_tkill, number(pid), 0));
}

static int try_tgkill(const char *pid)
{
	return burglar_result(syscall(SYS_tgkill, number(pid), number(pid), 0));
}

static int queue(const char *pid)
{
	return burglar_result(sigqueue(number(pid), 0, (union sigval){.sival_int = 0}));
}

static int queue_thread(const char *pid)
{
	siginfo_t info = {.si_code = SI_QUEUE};
	return burglar_result(syscall(SYS_rt_tgsigqueueinfo, number(pid), number(pid), 0, &info));
}

static int by_pidfd(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, number(pid), 0);
	if (fd < 0)
		return -errno;
	int r = burglar_result(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	close(fd);
	return r;
}

/* To all that it may signal; the result says nothing. */
static int kill_all(const char *unused)
{
	(void)unused;
	return burglar_result(kill(-1, SIGURG));
}

/* The kernel sends it when bytes arrive in a pipe that is said to belong to the other process. */
static int by_pipe(const char *pid)
{
	int ends[2];
	if (pipe(ends) < 0)
		return -errno;
	int r = burglar_result(fcntl(ends[0], F_SETOWN, number(pid)));
	if (r == 0)
		r = burglar_result(fcntl(ends[0], F_SETSIG, SIGWINCH));
	if (r == 0)
		r = burglar_result(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	if (r == 0)
		r = burglar_result(write(ends[1], "x", 1));
	close(ends[0]);
	close(ends[1]);
	return r;
}

static int look_at_limit(const char *pid)
{
	struct rlimit limit;
	return burglar_result(prlimit(number(pid), RLIMIT_NOFILE, NULL, &limit));
}

static int set_limit(const char *pid)
{
	struct rlimit limit;
	if (prlimit(number(pid), RLIMIT_CORE, NULL, &limit) < 0)
		return -errno;
	return burglar_result(prlimit(number(pid), RLIMIT_CORE, &limit, NULL));
}

static int set_priority(const char *pid)
{
	errno = 0;
	int now = getpriority(PRIO_PROCESS, (id_t)number(pid));
	if (errno)
		return -errno;
	return burglar_result(setpriority(PRIO_PROCESS, (id_t)number(pid), now));
}

/* Of all processes of the user, a step beyond what the daemon has: the test looks whether that has
 * reached the daemon. */
static int set_priority_of_user(const char *unused)
{
	(void)unused;
	errno = 0;
	setpriority(PRIO_USER, 0, number(burglar_value("nice")) + 1);
	return errno == ENOSYS || errno == EPERM ? -errno : 0;
}

/* To what the attempt above makes of it: this one may be a second run, because the first has
 * changed its source. */
static int set_group_priority(const char *pid)
{
	return burglar_result(
		setpriority(PRIO_PGRP, (id_t)number(pid), number(burglar_value("nice")) + 1));
}

static int set_io_priority(const char *pid)
{
	return burglar_result(
		syscall(SYS_ioprio_set, 1 /* of a process */, number(pid), 2 << 13 | 4));
}

static int set_affinity(const char *pid)
{
	unsigned long mask[16];
	long n = syscall(SYS_sched_getaffinity, number(pid), sizeof mask, mask);
	if (n < 0)
		return -errno;
	return burglar_result(syscall(SYS_sched_setaffinity, number(pid), n, mask));
}

static int set_scheduler(const char *pid)
{
	struct sched_param parameters = {0};
	return burglar_result(sched_setscheduler(number(pid), SCHED_OTHER, &parameters));
}

static int set_scheduler_attributes(const char *pid)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t times[3];
	} attributes = {.size = 48};
	errno = 0;
	attributes.nice = getpriority(PRIO_PROCESS, (id_t)number(pid));
	if (errno)
		return -errno;
	return burglar_result(syscall(SYS_sched_setattr, number(pid), &attributes, 0));
}

static int move_pages(const char *pid)
{
	unsigned long node = 1;
	return burglar_result(syscall(SYS_migrate_pages, number(pid), 64, &node, &node));
}

static int join_group(const char *pid)
{
	return syscall(SYS_setpgid, 0, number(pid)) == 0 && getpgid(0) == number(pid) ? 0 : -EPERM;
}

static int leave_session(const char *unused)
{
	(void)unused;
	pid_t before = getsid(0);
	syscall(SYS_setsid);
	return getsid(0) == before ? -EPERM : 0;
}

static int see(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, number(pid), 0);
	return fd < 0 ? -errno : close(fd);
}

const struct burglar_entry burglar_processes[] = {
	{"kill", try_kill, TARGET_PROCESS},
	{"kill-group", kill_group, TARGET_PROCESS},
	{"tkill", try_tkill, TARGET_PROCESS},
	{"tgkill", try_tgkill, TARGET_PROCESS},
	{"sigqueue", queue, TARGET_PROCESS},
	{"tgsigqueue", queue_thread, TARGET_PROCESS},
	{"pidfd-signal", by_pidfd, TARGET_PROCESS},
	{"kill-all", kill_all, 0},
	{"signal-by-pipe", by_pipe, TARGET_PROCESS},
	{"get-limit", look_at_limit, TARGET_PROCESS},
	{"set-limit", set_limit, TARGET_PROCESS},
	{"set-priority", set_priority, TARGET_PROCESS},
	{"set-group-priority", set_group_priority, TARGET_PROCESS},
	{"set-user-priority", set_priority_of_user, 0},
	{"set-io-priority", set_io_priority, TARGET_PROCESS},
	{"set-affinity", set_affinity, TARGET_PROCESS},
	{"set-scheduler", set_scheduler, TARGET_PROCESS},
	{"set-scheduler-attributes", set_scheduler_attributes, TARGET_PROCESS},
	{"migrate-pages", move_pages, TARGET_PROCESS},
	{"join-group", join_group, TARGET_PROCESS},
	{"see-process", see, TARGET_PROCESS},
	{"leave-session", leave_session, 0},
	{NULL, NULL, 0},
};

/* SPDX-License-Identifier: MIT */
/*
 * A fork shares more than execve would give: what constructors have left behind would be seen by
 * two jobs of a holder at the same time. Files that are only read and a few devices are opened
 * again for each job, so that it has an offset and flags of its own. Where that is not possible, or
 * a job would lack something that a new process has (timers, children), the program is not held.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "spawn/inherited.h"
#include "spawn/warm/hold.h"

/* Calls `line` with each line of a file of /proc, cut to what the buffer holds, until it returns
 * false. Returns 0 or -errno. */
typedef bool line_function(void *data, const char *line);

static int for_each_line(const char *path, line_function *line, void *data)
{
	char buffer[4096];
	size_t length = 0;
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, buffer + length, sizeof buffer - 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		length += (size_t)n;
		buffer[length] = '\0';
		char *at = buffer, *end;
		for (; (end = memchr(at, '\n', length)); at = end + 1) {
			*end = '\0';
			length -= (size_t)(end + 1 - at);
			if (!line(data, at))
				return 0;
		}
		/* A line that is longer than the buffer goes on as another one. */
		if (length == sizeof buffer - 1)
			length = 0;
		memmove(buffer, at, length);
	}
}

static bool is_lock(void *data, const char *line)
{
	bool *found = data;
	*found |= strncmp(line, "lock:", 5) == 0;
	return !*found;
}

/* The holder would keep the lock on a job's file, or the job would lack a lock that it believes to
 * have. */
static bool is_locked(int fd)
{
	char path[64];
	bool found = false;
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	return for_each_line(path, is_lock, &found) < 0 || found;
}

/* null, zero, full, random, urandom: mem(4), null(4), random(4) */
static bool is_plain_device(const struct stat *info)
{
	static const unsigned minors[] = {3, 5, 7, 8, 9};
	if (!S_ISCHR(info->st_mode) || major(info->st_rdev) != 1)
		return false;
	for (size_t i = 0; i < sizeof minors / sizeof *minors; i++)
		if (minor(info->st_rdev) == minors[i])
			return true;
	return false;
}

/* Only read, and a file that has a name: what /proc and /sys show depends on who opened it, and
 * message queues, namespaces and pidfds say that they are files, too. */
static bool is_plain_file(int fd, const struct stat *info, const char *path)
{
	struct stat named;
	return S_ISREG(info->st_mode) && (fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH)) == O_RDONLY &&
	       path[0] == '/' && strncmp(path, "/proc/", 6) != 0 &&
	       strncmp(path, "/sys/", 5) != 0 && strncmp(path, "/dev/", 5) != 0 &&
	       stat(path, &named) == 0 && named.st_dev == info->st_dev &&
	       named.st_ino == info->st_ino && !is_locked(fd);
}

/* A new open file description in the place of the old one: same flags, same offset. Returns 0 or
 * -errno. */
static int open_again(int fd)
{
	int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
	if (status < 0 || flags < 0)
		return -errno;
	off_t offset = lseek(fd, 0, SEEK_CUR);
	FD_CLEANUP int again =
		fd_reopen(fd, status & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_NOATIME));
	if (again < 0)
		return again;
	if (offset > 0 && lseek(again, offset, SEEK_SET) < 0)
		return -errno;
	return dup3(again, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0 ? -errno : 0;
}

int leftovers_open_again(const struct hold *hold)
{
	int r = 0;
	for (size_t i = 0; i < hold->own_fd_count && r == 0; i++)
		r = open_again(hold->own_fds[i]);
	return r;
}

static void put_in_order(struct hold *hold, int fd)
{
	size_t at = hold->own_fd_count++;
	for (; at > 0 && hold->own_fds[at - 1] > fd; at--)
		hold->own_fds[at] = hold->own_fds[at - 1];
	hold->own_fds[at] = fd;
}

static bool take_descriptor(struct hold *hold, int fd, struct text *why)
{
	char link[64], path[128] = "";
	struct stat info;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	bool good = n > 0 && fstat(fd, &info) == 0 &&
		    (is_plain_device(&info) || is_plain_file(fd, &info, path)) &&
		    hold->own_fd_count < HOLD_OWN_FDS_MAX;
	if (good)
		put_in_order(hold, fd);
	else
		text_printf(why, "its constructors leave %s open", n > 0 ? path : "something");
	return good;
}

/* Nothing is opened here but the directory itself. */
static bool look_at_descriptors(struct hold *hold, struct text *why)
{
	struct dirent *entry;
	DIR *directory = opendir("/proc/self/fd");
	bool good = directory != NULL;
	if (!good)
		text_puts(why, "/proc/self/fd cannot be read");
	while (good && (entry = readdir(directory))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		if (entry->d_name[0] != '.' && fd >= HOLDER_END_FD && fd != dirfd(directory))
			good = take_descriptor(hold, fd, why);
	}
	if (directory)
		closedir(directory);
	for (size_t i = 0; i < hold->own_fd_count && good; i++) {
		int r = open_again(hold->own_fds[i]);
		good = r == 0;
		if (!good)
			text_printf(why, "a file of its constructors cannot be opened again: %s",
				strerror(-r));
	}
	return good;
}

struct mapping {
	char header[128];
	bool found;
};

/* "7f2c…-7f2d… rw-s 00000000 00:01 1024   /dev/zero (deleted)", later "VmFlags: rd wr sh mr mw me ms": proc_pid_smaps(5). One
 * that can be shared ("ms") and be made writable ("mw") is memory that all jobs have together. */
static bool look_at_mapping(void *data, const char *line)
{
	struct mapping *mapping = data;
	if (strncmp(line, "VmFlags:", 8) == 0) {
		mapping->found = strstr(line, " ms") && strstr(line, " mw");
		return !mapping->found;
	}
	if ((line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f'))
		snprintf(mapping->header, sizeof mapping->header, "%s", line);
	return true;
}

static bool look_at_memory(struct text *why)
{
	struct mapping mapping = {.found = false};
	int r = for_each_line("/proc/self/smaps", look_at_mapping, &mapping);
	if (r < 0) {
		text_printf(why, "/proc/self/smaps: %s", strerror(-r));
		return false;
	}
	const char *name = strchr(mapping.header, '/');
	if (mapping.found)
		text_printf(why, "its constructors share memory: %s", name ? name : "anonymous");
	return !mapping.found;
}

static bool is_anything(void *data, const char *line)
{
	(void)line;
	*(bool *)data = true;
	return false;
}

/* Neither is there after a fork. */
static bool has_timers(void)
{
	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		struct itimerval timer;
		if (getitimer(which, &timer) == 0 &&
			(timer.it_value.tv_sec || timer.it_value.tv_usec))
			return true;
	}
	bool found = false;
	for_each_line("/proc/self/timers", is_anything, &found); /* not on every kernel */
	return found;
}

static bool has_children(void)
{
	siginfo_t info;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

bool leftovers_look(struct hold *hold, struct text *why)
{
	if (has_children())
		text_puts(why, "its constructors start processes");
	else if (has_timers())
		text_puts(why, "its constructors set timers");
	return why->len == 0 && look_at_descriptors(hold, why) && look_at_memory(why);
}

bool leftovers_signals(struct text *why)
{
	sigset_t blocked, pending;
	sigemptyset(&blocked);
	sigemptyset(&pending);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	sigpending(&pending);
	if (!sigisemptyset(&blocked) || !sigisemptyset(&pending))
		text_puts(why, "its constructors block signals");
	return why->len == 0;
}

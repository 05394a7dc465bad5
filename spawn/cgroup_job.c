/* SPDX-License-Identifier: MIT */
/*
 * What the meter does. Processes are moved when they are looked at, some time after their start,
 * because moving one costs up to ten milliseconds on an idle machine (the kernel waits for all
 * processors, unless the hierarchy is mounted with favordynmods). A short job shall not wait that
 * long. clone3, which could start them there, is refused by RestrictNamespaces= of systemd.
 *
 * cgroup.kill is never used: a group that was killed once by that would kill its later members,
 * too.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "spawn/cgroup.h"

enum { CLOSE_TRIES = 300, CLOSE_WAIT_NS = 10000000, NAME_MAX_HERE = 64 };

/* "job-4711-3/memory.max" */
static void put_name(
	const struct cgroups *cgroups, size_t i, const char *file, char name[NAME_MAX_HERE])
{
	snprintf(name, NAME_MAX_HERE, "job-%d-%zu%s%s", (int)cgroups->daemon, i, *file ? "/" : "",
		file);
}

static int open_file(const struct cgroups *cgroups, size_t i, const char *file, int flags)
{
	char name[NAME_MAX_HERE];
	put_name(cgroups, i, file, name);
	int fd = openat(cgroups->directory, name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_value(const struct cgroups *cgroups, size_t i, const char *file, uint64_t value)
{
	char text[32] = "max";
	if (value)
		snprintf(text, sizeof text, "%" PRIu64, value);
	FD_CLEANUP int fd = open_file(cgroups, i, file, O_WRONLY);
	if (fd < 0)
		return fd;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* The number behind "name " in a flat keyed file; 0 when there is none. */
static uint64_t read_key(const struct cgroups *cgroups, size_t i, const char *file, const char *key)
{
	char text[1024];
	FD_CLEANUP int fd = open_file(cgroups, i, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	size_t length = strlen(key);
	for (char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, key, length) == 0 && at[length] == ' ')
			return strtoull(at + length + 1, NULL, 10);
	return 0;
}

void cgroups_open(struct cgroups *cgroups, const char *directory, pid_t daemon)
{
	*cgroups = (struct cgroups){.directory = -1, .daemon = daemon};
	if (directory && *directory)
		cgroups->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_empty(const struct cgroups *cgroups, size_t i)
{
	return read_key(cgroups, i, "cgroup.events", "populated") == 0;
}

static void fail(struct cgroups *cgroups, const char *what, int error)
{
	if (!cgroups->failed)
		log_warning("meter: cgroup: %s: %s", what, strerror(error));
	cgroups->failed = true;
}

static int prepare(struct cgroups *cgroups, size_t i, const struct cgroup_limits *limits)
{
	char name[NAME_MAX_HERE];
	struct cgroup_job *job = &cgroups->jobs[i];
	put_name(cgroups, i, "", name);
	if (!job->made && mkdirat(cgroups->directory, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	job->made = true;
	int r = write_value(cgroups, i, "memory.max", limits->memory_bytes);
	if (r == 0)
		r = write_value(cgroups, i, "pids.max", limits->processes);
	/* Not where there is no swap. */
	FD_CLEANUP int swap = open_file(cgroups, i, "memory.swap.max", O_WRONLY);
	if (r == 0 && swap >= 0 && write(swap, "0", 1) < 0)
		r = -errno;
	job->kills = read_key(cgroups, i, "memory.events", "oom_kill");
	return r;
}

/* The index of the job's group, which is made when there is none; CGROUP_JOBS_MAX: there can be
 * none. */
static size_t find(struct cgroups *cgroups, pid_t leader, const struct cgroup_limits *limits)
{
	size_t found = CGROUP_JOBS_MAX;
	for (size_t i = 0; i < CGROUP_JOBS_MAX; i++) {
		struct cgroup_job *job = &cgroups->jobs[i];
		if (job->leader == leader && !job->ending && !is_empty(cgroups, i))
			return i;
		/* The meter was not told of every end. */
		job->ending |= job->leader == leader ||
			       (job->leader && kill(job->leader, 0) < 0 && errno == ESRCH);
		if (job->ending && is_empty(cgroups, i))
			*job = (struct cgroup_job){.made = true};
		if (job->leader == 0 && found == CGROUP_JOBS_MAX)
			found = i;
	}
	int r = found == CGROUP_JOBS_MAX ? -EAGAIN : prepare(cgroups, found, limits);
	if (r < 0) {
		fail(cgroups, "a group for a job", -r);
		return CGROUP_JOBS_MAX;
	}
	cgroups->jobs[found].leader = leader;
	return found;
}

static bool is_member(const char *members, pid_t pid)
{
	char number[24];
	snprintf(number, sizeof number, "\n%d\n", (int)pid);
	return strstr(members, number) != NULL;
}

bool cgroups_gather(struct cgroups *cgroups, pid_t leader, const struct cgroup_limits *limits,
	const pid_t *processes, size_t count)
{
	static char members[16384];
	if (cgroups->directory < 0)
		return false;
	size_t i = find(cgroups, leader, limits), length = 1;
	if (i == CGROUP_JOBS_MAX)
		return false;
	FD_CLEANUP int fd = open_file(cgroups, i, "cgroup.procs", O_RDWR);
	if (fd < 0) {
		fail(cgroups, "cgroup.procs", -fd);
		return false;
	}
	members[0] = '\n';
	for (ssize_t n; length < sizeof members - 1 &&
			(n = read(fd, members + length, sizeof members - 1 - length)) > 0;)
		length += (size_t)n;
	members[length] = '\0';
	bool moved = false;
	for (size_t k = 0; k < count; k++) {
		char number[24];
		if (is_member(members, processes[k]))
			continue;
		snprintf(number, sizeof number, "%d", (int)processes[k]);
		if (write(fd, number, strlen(number)) > 0)
			moved = true;
		else if (errno != ESRCH && errno != EAGAIN)
			fail(cgroups, "a process of a job", errno);
	}
	return moved;
}

uint64_t cgroups_end(struct cgroups *cgroups, pid_t leader)
{
	for (size_t i = 0; i < CGROUP_JOBS_MAX && cgroups->directory >= 0; i++) {
		struct cgroup_job *job = &cgroups->jobs[i];
		if (job->leader != leader || job->ending)
			continue;
		uint64_t kills = read_key(cgroups, i, "memory.events", "oom_kill") - job->kills;
		if (is_empty(cgroups, i))
			*job = (struct cgroup_job){.made = true};
		else
			job->ending = true;
		return kills;
	}
	return 0;
}

void cgroups_close(struct cgroups *cgroups)
{
	if (cgroups->directory < 0)
		return;
	for (size_t i = 0, tries = 0; i < CGROUP_JOBS_MAX; i++) {
		char name[NAME_MAX_HERE];
		put_name(cgroups, i, "", name);
		while (cgroups->jobs[i].made &&
			unlinkat(cgroups->directory, name, AT_REMOVEDIR) < 0 && errno == EBUSY &&
			tries++ < CLOSE_TRIES)
			nanosleep(&(struct timespec){.tv_nsec = CLOSE_WAIT_NS}, NULL);
	}
	fd_close(&cgroups->directory);
}

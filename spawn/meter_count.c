/* SPDX-License-Identifier: MIT */
/*
 * The processes of a job are the descendants of its leader: in a pid namespace the leader inherits
 * orphans. They are hostile, and they go on while they are looked at. So everything that is walked
 * through is counted, and a job with too much to count has too much. What vanishes meanwhile counts
 * nothing.
 *
 * Memory is summed cheaply first: RssAnon and RssShmem of each process (proc_pid_status(5)), where
 * pages that two processes share count twice. Only when that is more than the limit, the
 * proportional sums are read (smaps_rollup). They are exact and cost a walk through the page
 * tables.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/proc_stat.h"
#include "spawn/cgroup.h"
#include "spawn/meter_protocol.h"

enum {
	ROUNDS_MAX = 4,
	GROUP_EXTRA_BYTES = 16 << 20,
	PROCESSES_MAX = 1024,
	TASKS_MAX = 2048,
	DESCRIPTORS_MAX = 16384,
	MAPPINGS_MAX = 16384,
	FILES_MAX = 4096, /* without a name, different ones */
	FILES_SLOTS = 2 * FILES_MAX,
};

struct unnamed {
	dev_t device;
	ino_t inode;
};

struct count {
	pid_t processes[PROCESSES_MAX];
	size_t process_count;
	unsigned tasks, descriptors, mappings;
	size_t file_count;
	struct unnamed files[FILES_SLOTS]; /* a hash table; inode 0: free */
	uint64_t in_memory_files;
	const char *directory;
	struct meter_amount *out;
};

/* False: it was counted already, or there is no room. Device 0: any, because what /proc/PID/maps
 * says of it is not what stat(2) says (overlayfs, btrfs). */
static bool is_new(struct count *count, dev_t device, ino_t inode)
{
	size_t slot = inode * 2654435761U % FILES_SLOTS;
	for (; count->files[slot].inode; slot = (slot + 1) % FILES_SLOTS)
		if (count->files[slot].inode == inode &&
			(!device || count->files[slot].device == device))
			return false;
	if (count->file_count == FILES_MAX) {
		count->out->countless = true;
		return false;
	}
	count->file_count++;
	count->files[slot] = (struct unnamed){device, inode};
	return true;
}

static void add_process(struct count *count, pid_t pid)
{
	if (count->process_count == PROCESSES_MAX)
		count->out->countless = true;
	else
		count->processes[count->process_count++] = pid;
}

/* proc_pid_task_children(5): "4712 4713 ". */
static void add_children(struct count *count, pid_t pid, const char *task)
{
	char path[96];
	snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, task);
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	int child;
	while (!count->out->countless && fscanf(file, "%d", &child) == 1)
		add_process(count, child);
	fclose(file);
}

/* fdopendir or opendir of a directory of /proc/PID; NULL and *hidden when it is refused. */
static DIR *open_directory(pid_t pid, const char *name, bool *hidden)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	DIR *directory = opendir(path);
	if (!directory && (errno == EACCES || errno == EPERM))
		*hidden = true;
	return directory;
}

static void look_at_tasks(struct count *count, pid_t pid)
{
	struct dirent *entry;
	DIR *directory = open_directory(pid, "task", &count->out->hidden);
	/* The leader is there until it is reaped, if only as a zombie. */
	if (!directory && pid == count->processes[0])
		count->out->hidden = true;
	if (!directory)
		return;
	while (!count->out->countless && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		if (++count->tasks > TASKS_MAX)
			count->out->countless = true;
		add_children(count, pid, entry->d_name);
	}
	closedir(directory);
}

static bool is_in_memory(const char *path)
{
	struct statfs found;
	return statfs(path, &found) == 0 && found.f_type == TMPFS_MAGIC;
}

/* "/tmp/sluice.XXXXXX/job0/x (deleted)" */
static bool is_below(const struct count *count, const char *path)
{
	size_t length = strlen(count->directory);
	return strncmp(path, count->directory, length) == 0 && path[length] == '/';
}

/* A descriptor that was sent (SCM_RIGHTS) and not yet received is in no process, and what it is
 * cannot be seen. The socket tells how many wait in it, since Linux 5.6. */
static bool carries_descriptors(pid_t pid, const char *name)
{
	char path[64], line[128];
	unsigned waiting = 0;
	snprintf(path, sizeof path, "/proc/%d/fdinfo/%.20s", (int)pid, name);
	FILE *file = fopen(path, "re");
	while (file && waiting == 0 && fgets(line, sizeof line, file))
		sscanf(line, "scm_fds: %u", &waiting);
	if (file)
		fclose(file);
	return waiting > 0;
}

/* What it has made itself: below its directory, or a memfd. Its source or a library may have lost
 * their names as well. A file in memory (memfd, tmpfs) is memory of the job. */
static void look_at_descriptor(struct count *count, pid_t pid, const char *name)
{
	struct stat info;
	char path[64], link[PATH_MAX];
	snprintf(path, sizeof path, "/proc/%d/fd/%.20s", (int)pid, name);
	if (stat(path, &info) < 0)
		return;
	if (S_ISSOCK(info.st_mode) && carries_descriptors(pid, name))
		count->out->hidden = true;
	if (!S_ISREG(info.st_mode) || info.st_nlink > 0)
		return;
	ssize_t n = readlink(path, link, sizeof link - 1);
	link[n > 0 ? n : 0] = '\0';
	bool below = n < 0 || is_below(count, link);
	if ((!below && strncmp(link, "/memfd:", 7) != 0) ||
		!is_new(count, info.st_dev, info.st_ino))
		return;
	uint64_t bytes = (uint64_t)info.st_blocks * 512;
	count->in_memory_files += is_in_memory(path) ? bytes : 0;
	count->out->unlinked_bytes += below ? bytes : 0;
}

static void look_at_descriptors(struct count *count, pid_t pid)
{
	struct dirent *entry;
	DIR *directory = open_directory(pid, "fd", &count->out->hidden);
	if (!directory)
		return;
	while (!count->out->countless && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		if (++count->descriptors > DESCRIPTORS_MAX)
			count->out->countless = true;
		look_at_descriptor(count, pid, entry->d_name);
	}
	closedir(directory);
}

static FILE *open_file(struct count *count, pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	FILE *file = fopen(path, "re");
	if (!file && (errno == EACCES || errno == EPERM))
		count->out->hidden = true;
	return file;
}

/* A file without a name may also be mapped and not open. How long it is cannot be asked: it is at
 * least what is mapped.
 * "7f…-7f… rw-s 00001000 fe:01 1234   /tmp/sluice.XXXXXX/job0/x (deleted)" */
static void look_at_mappings(struct count *count, pid_t pid)
{
	FILE *file = open_file(count, pid, "maps");
	char line[PATH_MAX + 128];
	while (file && !count->out->countless && fgets(line, sizeof line, file)) {
		uint64_t from, to, offset, inode;
		int at = 0;
		if (++count->mappings > MAPPINGS_MAX || !strchr(line, '\n'))
			count->out->countless = true;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %*x:%*x %" SCNu64 " %n",
			    &from, &to, &offset, &inode, &at) == 4 &&
			is_below(count, line + at) && strstr(line, " (deleted)\n") &&
			is_new(count, 0, (ino_t)inode))
			count->out->unlinked_bytes += offset + (to - from);
	}
	if (file)
		fclose(file);
}

/* The sum of these fields, "Name:   123 kB". */
static uint64_t sum_fields(
	struct count *count, pid_t pid, const char *name, const char *const *fields)
{
	uint64_t sum = 0, value;
	char line[256];
	FILE *file = open_file(count, pid, name);
	while (file && fgets(line, sizeof line, file)) {
		for (size_t i = 0; fields[i]; i++) {
			size_t length = strlen(fields[i]);
			if (strncmp(line, fields[i], length) == 0 &&
				sscanf(line + length, "%" SCNu64, &value) == 1)
				sum += value * 1024;
		}
	}
	if (file)
		fclose(file);
	return sum;
}

static uint64_t sum_memory(struct count *count, bool exact)
{
	static const char *const cheap_fields[] = {"RssAnon:", "RssShmem:", NULL};
	static const char *const exact_fields[] = {"Pss_Anon:", "Pss_Shmem:", NULL};
	uint64_t sum = 0;
	for (size_t i = 0; i < count->process_count; i++)
		sum += sum_fields(count, count->processes[i], exact ? "smaps_rollup" : "status",
			exact ? exact_fields : cheap_fields);
	return sum;
}

static void add_cpu(struct count *count, pid_t pid)
{
	struct proc_stat stat;
	FILE *file = open_file(count, pid, "stat");
	if (!file)
		return;
	if (proc_stat_read(fileno(file), &stat))
		count->out->cpu_us += stat.cpu_us;
	fclose(file);
}

/* Finds all processes, and those again that came meanwhile, for as long as some had to be moved. */
static void walk(struct count *count, struct cgroups *cgroups, pid_t leader,
	const struct cgroup_limits *limits)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		count->process_count = 0;
		count->tasks = 0;
		add_process(count, leader);
		for (size_t i = 0; i < count->process_count && !count->out->countless; i++)
			look_at_tasks(count, count->processes[i]);
		if (!cgroups_gather(
			    cgroups, leader, limits, count->processes, count->process_count))
			return;
	}
}

void meter_count(struct cgroups *cgroups, pid_t leader, const char *directory,
	const struct meter_limits *limits, struct meter_amount *out)
{
	static struct count count;
	*out = (struct meter_amount){.hidden = false};
	count = (struct count){.directory = directory, .out = out};
	struct cgroup_limits bounds = {limits->memory_bytes, limits->processes};
	/* The group counts page tables, pipes and stacks as well. */
	if (bounds.memory_bytes)
		bounds.memory_bytes += GROUP_EXTRA_BYTES;
	/* Where its files are in memory they are counted there, too. */
	if (bounds.memory_bytes && is_in_memory(directory))
		bounds.memory_bytes =
			limits->disk_bytes ? bounds.memory_bytes + limits->disk_bytes : 0;
	walk(&count, cgroups, leader, &bounds);
	for (size_t i = 0; i < count.process_count && !out->countless; i++) {
		look_at_descriptors(&count, count.processes[i]);
		look_at_mappings(&count, count.processes[i]);
		add_cpu(&count, count.processes[i]);
	}
	if (limits->memory_bytes == 0)
		return;
	uint64_t mapped = sum_memory(&count, false);
	if (mapped > limits->memory_bytes) {
		uint64_t exact = sum_memory(&count, true);
		mapped = out->hidden ? mapped : exact;
	}
	/* What is both open and mapped counts once. */
	out->memory_bytes = mapped > count.in_memory_files ? mapped : count.in_memory_files;
}

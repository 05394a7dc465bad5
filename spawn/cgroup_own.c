/* SPDX-License-Identifier: MIT */
/* "oom_kill" counts the processes of a group that any killer for want of memory has ended: that of
 * the group's own limit, of a limit above it (a container, a slice), or of the whole machine. */
#include "spawn/cgroup_own.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { DEPTH_MAX = 64, NO_LIMIT_SHIFT = 60 /* version 1 writes a huge number for "none" */ };

struct group {
	char mount[PATH_MAX];
	char path[2 * PATH_MAX]; /* begins with mount */
};

/* The path of the group in proc_pid_cgroup(5), "4:memory:/path" or "0::/path". */
static bool find_path(const char *controller, char out[PATH_MAX])
{
	char line[PATH_MAX + 64];
	bool found = false;
	FILE *file = fopen("/proc/self/cgroup", "re");
	while (file && !found && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		char *name = strchr(line, ':'), *path = name ? strchr(name + 1, ':') : NULL;
		if (!path || path[1] != '/' || strlen(path + 1) >= PATH_MAX)
			continue;
		*path = '\0';
		found = strcmp(name + 1, controller) == 0;
		if (found)
			strcpy(out, path + 1);
	}
	if (file)
		fclose(file);
	return found;
}

static bool is_hierarchy(const char *line, bool unified)
{
	const char *behind = strstr(line, unified ? " - cgroup2 " : " - cgroup ");
	const char *options = behind ? strrchr(behind, ' ') : NULL;
	return options && (unified || strstr(options, "memory"));
}

/* Where it is: proc_pid_mountinfo(5). In a container the mount may show only a part of the
 * hierarchy, which begins at `root`. */
static bool find_group(bool unified, struct group *group)
{
	char line[3 * PATH_MAX], root[PATH_MAX], path[PATH_MAX];
	bool found = false;
	if (!find_path(unified ? "" : "memory", path))
		return false;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	while (file && !found && fgets(line, sizeof line, file)) {
		if (!is_hierarchy(line, unified) ||
			sscanf(line, "%*s %*s %*s %4095s %4095s", root, group->mount) != 2)
			continue;
		size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
		bool below = strncmp(path, root, length) == 0 &&
			     (path[length] == '/' || path[length] == '\0');
		snprintf(group->path, sizeof group->path, "%s%s", group->mount,
			below ? path + length : "");
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

/* The number behind "key " in a flat keyed file, or, with key NULL, the file's only one. False:
 * none. */
static bool read_number(int fd, const char *key, uint64_t *out)
{
	char text[4096];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	size_t length = key ? strlen(key) : 0;
	for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		const char *digits = key ? at + length + 1 : at;
		if (key && (strncmp(at, key, length) != 0 || at[length] != ' '))
			continue;
		char *end;
		*out = strtoull(digits, &end, 10);
		return end != digits;
	}
	return false;
}

static void take_limit(const char *directory, const char *name, const char *key, uint64_t *limit)
{
	char path[2 * PATH_MAX + 32];
	uint64_t value;
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read_number(fd, key, &value) && value >> NO_LIMIT_SHIFT == 0 &&
		(*limit == 0 || value < *limit))
		*limit = value;
}

static bool open_unified(struct cgroup_own *out)
{
	static struct group group;
	char path[2 * PATH_MAX + 32];
	if (!find_group(true, &group))
		return false;
	snprintf(path, sizeof path, "%s/memory.events", group.path);
	out->events = open(path, O_RDONLY | O_CLOEXEC);
	if (out->events < 0)
		return false;
	for (int i = 0; i < DEPTH_MAX && strlen(group.path) >= strlen(group.mount); i++) {
		take_limit(group.path, "memory.max", NULL, &out->limit_bytes);
		char *slash = strrchr(group.path, '/');
		if (!slash || slash == group.path)
			break;
		*slash = '\0';
	}
	return true;
}

static void open_old(struct cgroup_own *out)
{
	static struct group group;
	char path[2 * PATH_MAX + 32];
	if (!find_group(false, &group))
		return;
	snprintf(path, sizeof path, "%s/memory.oom_control", group.path);
	out->events = open(path, O_RDONLY | O_CLOEXEC);
	take_limit(group.path, "memory.stat", "hierarchical_memory_limit", &out->limit_bytes);
}

void cgroup_own_open(struct cgroup_own *out)
{
	*out = (struct cgroup_own)CGROUP_OWN_NONE;
	if (!open_unified(out))
		open_old(out);
}

void cgroup_own_close(struct cgroup_own *own)
{
	fd_close(&own->events);
}

uint64_t cgroup_own_kills(const struct cgroup_own *own)
{
	uint64_t kills = 0;
	return own->events >= 0 && read_number(own->events, "oom_kill", &kills) ? kills : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the daemon does. A cgroup that has groups with controllers below it may not contain
 * processes itself, so the daemon moves out of it first. systemd marks what it delegates
 * (Delegate=) with an attribute, and gives it to the unit's user.
 */
#include "spawn/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/first_process.h"

static const char LEAF[] = "daemon";

static int read_text(int directory, const char *name, char *out, size_t size)
{
	FD_CLEANUP int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return 0;
}

static int write_text(int directory, const char *name, const char *text)
{
	FD_CLEANUP int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}

/* The path behind "0::" in /proc/self/cgroup. */
static bool find_own(char path[PATH_MAX])
{
	char line[PATH_MAX + 64];
	bool found = false;
	FILE *file = fopen("/proc/self/cgroup", "re");
	while (file && !found && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::/", 4) == 0 && strlen(line + 3) < PATH_MAX;
		if (found)
			strcpy(path, line + 3);
	}
	if (file)
		fclose(file);
	return found;
}

/* Where the hierarchy is mounted as a whole: proc_pid_mountinfo(5). */
static bool find_mount(char path[PATH_MAX])
{
	char line[2 * PATH_MAX], root[PATH_MAX], point[PATH_MAX];
	bool found = false;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	while (file && !found && fgets(line, sizeof line, file))
		found = strstr(line, " - cgroup2 ") &&
			sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) == 2 &&
			strcmp(root, "/") == 0;
	if (file)
		fclose(file);
	if (found)
		strcpy(path, point);
	return found;
}

static bool is_delegated(int directory)
{
	static const char *const names[] = {"user.delegate", "trusted.delegate"};
	char value[8];
	struct stat info;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (fgetxattr(directory, names[i], value, sizeof value) >= 1 && value[0] == '1')
			return true;
	return geteuid() != 0 && fstat(directory, &info) == 0 && info.st_uid == geteuid();
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && strchr(" \n", at[length]))
			return true;
	return false;
}

static bool has_controllers(int directory)
{
	char text[1024];
	return read_text(directory, "cgroup.controllers", text, sizeof text) == 0 &&
	       has_word(text, "memory") && has_word(text, "pids");
}

/* A container's first process may be there, too. */
static bool is_alone(int directory)
{
	char text[64];
	if (read_text(directory, "cgroup.procs", text, sizeof text) < 0)
		return false;
	for (char *at = text, *rest; *at; at = rest + 1) {
		long pid = strtol(at, &rest, 10);
		if (*rest != '\n' ||
			(pid != getpid() && !(first_process_is_parent() && pid == getppid())))
			return false;
	}
	return *text != '\0';
}

static int move_to(int directory, const char *name)
{
	int r = first_process_is_parent() ? write_text(directory, name, "1") : 0;
	return r == 0 ? write_text(directory, name, "0") : r;
}

static int move_in(int directory)
{
	if (mkdirat(directory, LEAF, 0755) < 0 && errno != EEXIST)
		return -errno;
	char name[64];
	snprintf(name, sizeof name, "%s/cgroup.procs", LEAF);
	int r = move_to(directory, name);
	if (r == 0)
		r = write_text(directory, "cgroup.subtree_control", "+memory +pids");
	if (r < 0) {
		move_to(directory, "cgroup.procs");
		unlinkat(directory, LEAF, AT_REMOVEDIR);
	}
	return r;
}

int cgroup_begin(char directory[PATH_MAX])
{
	char own[PATH_MAX], mount[PATH_MAX];
	if (!find_own(own) || !find_mount(mount) ||
		snprintf(directory, PATH_MAX, "%s%s", mount, own) >= PATH_MAX)
		return -ENOTSUP;
	/* One that has gone this way already started us. */
	size_t length = strlen(directory), leaf = strlen(LEAF);
	bool inside = length > leaf + 1 && strcmp(directory + length - leaf, LEAF) == 0 &&
		      directory[length - leaf - 1] == '/';
	if (inside)
		directory[length - leaf - 1] = '\0';
	FD_CLEANUP int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !is_delegated(fd) || !has_controllers(fd) || (!inside && !is_alone(fd)))
		return -ENOTSUP;
	return inside ? write_text(fd, "cgroup.subtree_control", "+memory +pids") : move_in(fd);
}

/* SPDX-License-Identifier: MIT */
/*
 * A path says little about where a file is: /usr/bin/x may be a link to /srv. Landlock looks at the
 * file. So the program is opened, and its real path compared. That costs a few microseconds and is
 * right for each job, also after an upgrade.
 */
#include "spawn/confinement_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { FIRST_LINE_MAX = 256 /* as the kernel */, INTERPRETERS_MAX = 4 };

bool confinement_covers(char *const *directories, const char *path)
{
	for (; *directories; directories++) {
		size_t length = strlen(*directories);
		if (strncmp(*directories, path, length) == 0 &&
			(path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

static bool is_gone(int error)
{
	return error == ENOENT || error == EACCES || error == ENOTDIR || error == ELOOP ||
	       error == ENAMETOOLONG;
}

int confinement_allow_path(int abi, int ruleset, const char *path, enum landlock_use use)
{
	FD_CLEANUP int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return is_gone(errno) ? 0 : -errno;
	return landlock_allow(ruleset, fd, landlock_rights(abi, fd, use));
}

static int allow_directory_of(int abi, int ruleset, const char *file)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(file, '/');
	if (!slash || slash == file)
		return 0; /* never the root directory */
	snprintf(directory, sizeof directory, "%.*s", (int)(slash - file), file);
	return confinement_allow_path(abi, ruleset, directory, LANDLOCK_RUN);
}

/* The interpreter that the first line of `fd` names. False: it is no script, or not readable. */
static bool find_interpreter(int fd, char path[FIRST_LINE_MAX])
{
	char link[32], line[FIRST_LINE_MAX];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	FD_CLEANUP int file = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = file < 0 ? -1 : pread(file, line, sizeof line - 1, 0);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = '\0';
	const char *begin = line + 2 + strspn(line + 2, " \t");
	size_t length = strcspn(begin, " \t\r\n");
	memcpy(path, begin, length);
	path[length] = '\0';
	return path[0] == '/';
}

/* One file and its directory, under the name given and where it truly is. `next` becomes the
 * interpreter that it names, or "". */
static int allow_program(
	int abi, int ruleset, char *const *directories, const char *path, char next[FIRST_LINE_MAX])
{
	char link[32], real[PATH_MAX];
	next[0] = '\0';
	FD_CLEANUP int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return is_gone(errno) ? 0 : -errno; /* the start will report the same */
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, real, sizeof real - 1);
	if (n <= 0)
		return n < 0 ? -errno : -EIO;
	real[n] = '\0';
	bool covered = confinement_covers(directories, real);
	int r = covered ? 0 : landlock_allow(ruleset, fd, landlock_rights(abi, fd, LANDLOCK_RUN));
	if (r == 0 && !covered)
		r = allow_directory_of(abi, ruleset, real);
	if (r == 0 && strcmp(real, path) != 0 && !confinement_covers(directories, path))
		r = allow_directory_of(abi, ruleset, path);
	/* The interpreter of a script among the machine's programs is one of these, too. */
	if (r == 0 && !covered && !find_interpreter(fd, next))
		next[0] = '\0';
	return r;
}

static int allow_search_path(
	int abi, int ruleset, char *const *directories, char *const *environment)
{
	const char *at = NULL;
	for (; environment && *environment && !at; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			at = *environment + 5;
	int r = 0;
	while (at && *at && r == 0) {
		char directory[PATH_MAX];
		size_t length = strcspn(at, ":");
		if (*at == '/' && length < sizeof directory) {
			memcpy(directory, at, length);
			directory[length] = '\0';
			if (!confinement_covers(directories, directory) &&
				strcmp(directory, "/bin") != 0)
				r = confinement_allow_path(abi, ruleset, directory, LANDLOCK_RUN);
		}
		at += length + (at[length] == ':');
	}
	return r;
}

int confinement_allow_program(
	int abi, int ruleset, char *const *directories, const struct job_spec *spec)
{
	char path[FIRST_LINE_MAX], next[FIRST_LINE_MAX];
	int r = allow_program(abi, ruleset, directories, spec->program, next);
	for (int i = 0; i < INTERPRETERS_MAX && r == 0 && next[0]; i++) {
		memcpy(path, next, sizeof path);
		r = allow_program(abi, ruleset, directories, path, next);
	}
	return r == 0 ? allow_search_path(abi, ruleset, directories, spec->envp) : r;
}

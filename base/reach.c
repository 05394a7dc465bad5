/* SPDX-License-Identifier: MIT */
/* The kernel says that a path cannot be used, but not where on the way. So the path is looked up
 * once more, a directory at a time. */
#include "base/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SHOWN_MAX = 512, NAMES_SIZE = 4096 };

void reach_put_user(struct text *text)
{
	char names[NAMES_SIZE];
	struct passwd entry, *user = NULL;
	if (getpwuid_r(geteuid(), &entry, names, sizeof names, &user) == 0 && user)
		text_escaped(text, user->pw_name, SHOWN_MAX);
	else
		text_count(text, geteuid());
}

static void put_denied(struct text *problem, const char *path, const char *what)
{
	text_puts(problem, "Permission denied on ");
	text_escaped(problem, path, SHOWN_MAX);
	text_puts(problem, ": user ");
	reach_put_user(problem);
	text_printf(problem, " may not %s it", what);
}

static void put_error(struct text *problem, const char *path, int error)
{
	text_escaped(problem, path, SHOWN_MAX);
	text_puts(problem, ": ");
	text_error(problem, error);
}

static void put_missing(struct text *problem, const char *path)
{
	text_puts(problem, "there is no directory ");
	text_escaped(problem, path, SHOWN_MAX);
}

/* 0 or an errno. */
static int test(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) < 0 ? errno : 0;
}

/* Whether all directories on the way to path are there and can be searched. */
static bool check_way(const char *path, struct text *problem)
{
	char part[PATH_MAX];
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		int length = slash == path ? 1 : (int)(slash - path);
		snprintf(part, sizeof part, "%.*s", length, path);
		int error = test(part, X_OK);
		if (error == EACCES)
			put_denied(problem, part, "search");
		else if (error == ENOENT)
			put_missing(problem, part);
		else if (error)
			put_error(problem, part, error);
		if (error)
			return false;
	}
	return true;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	return !strncmp(path, directory, length) && (path[length] == '/' || path[length] == '\0');
}

/* A unit of systemd sees another file system than the operator's shell, where all is well. */
static void put_hint(const char *path, struct text *problem)
{
	static const char *const hidden[] = {"/home", "/root", "/run/user"};
	struct statvfs fs;
	if (!getenv("INVOCATION_ID"))
		return;
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (is_below(path, hidden[i]))
			text_puts(problem, " (ProtectHome= of the systemd unit hides what is below "
					   "/home, /root and /run/user)");
	if (statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY)
		text_puts(problem, " (ProtectSystem= of the systemd unit: LogsDirectory=, "
				   "CacheDirectory= and ReadWritePaths= make exceptions)");
}

static bool look(const char *path, int mode, struct text *problem)
{
	static const struct {
		int mode;
		const char *what;
	} uses[] = {{X_OK, "search"}, {W_OK, "write to"}, {R_OK, "read"}};
	struct stat st;
	if (stat(path, &st) < 0) {
		int error = errno;
		if (!check_way(path, problem))
			return false;
		if (error == ENOENT)
			put_missing(problem, path);
		else
			put_error(problem, path, error);
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		text_escaped(problem, path, SHOWN_MAX);
		text_puts(problem, " is not a directory");
		return false;
	}
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
		int error = mode & uses[i].mode ? test(path, uses[i].mode) : 0;
		if (error == EACCES)
			put_denied(problem, path, uses[i].what);
		else if (error)
			put_error(problem, path, error);
		if (error)
			return false;
	}
	return true;
}

bool reach_directory(const char *path, int mode, struct text *problem)
{
	if (look(path, mode, problem))
		return true;
	put_hint(path, problem);
	return false;
}

bool reach_directory_of(const char *path, int mode, struct text *problem)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int length = !slash || slash == path ? 1 : (int)(slash - path);
	snprintf(directory, sizeof directory, "%.*s", length, slash ? path : ".");
	return reach_directory(directory, mode, problem);
}

/* SPDX-License-Identifier: MIT */
#include "base/installed.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "/opt/x/sbin/sluice" → "/opt/x", true; false, and the program's directory, in the build tree. */
static bool find_own_place(char place[PATH_MAX])
{
	static const char directory[] = "/" SLUICE_INSTALLED_SBINDIR;
	const size_t length = sizeof directory - 1;
	ssize_t n = readlink("/proc/self/exe", place, PATH_MAX - 1);
	place[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(place, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if ((size_t)(slash - place) < length || strcmp(slash - length, directory) != 0)
		return false;
	*(slash - length) = '\0';
	return true;
}

void installed_find(const char *part, char path[PATH_MAX])
{
	char prefix[PATH_MAX] = "";
	if (part[0] != '/' && !find_own_place(prefix))
		snprintf(prefix, PATH_MAX, "%s", SLUICE_INSTALLED_PREFIX);
	int n = snprintf(path, PATH_MAX, "%s%s%s", prefix, part[0] == '/' ? "" : "/", part);
	if (n < 0 || n >= PATH_MAX)
		path[0] = '\0';
}

void installed_program(const char *name, char path[PATH_MAX])
{
	char place[PATH_MAX];
	const char *directory = find_own_place(place) ? "/" SLUICE_INSTALLED_BINDIR : "";
	int n = snprintf(path, PATH_MAX, "%s%s/%s", place, directory, name);
	if (n < 0 || n >= PATH_MAX)
		path[0] = '\0';
}

/* SPDX-License-Identifier: MIT */
#include "base/installed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "/opt/x/sbin/sluice" → "/opt/x"; or the prefix of the build. */
static void find_prefix(char prefix[PATH_MAX])
{
	static const char directory[] = "/" SLUICE_INSTALLED_SBINDIR;
	const size_t length = sizeof directory - 1;
	ssize_t n = readlink("/proc/self/exe", prefix, PATH_MAX - 1);
	prefix[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(prefix, '/');
	if (slash && (size_t)(slash - prefix) >= length &&
		!strncmp(slash - length, directory, length))
		*(slash - length) = '\0';
	else
		snprintf(prefix, PATH_MAX, "%s", SLUICE_INSTALLED_PREFIX);
}

void installed_find(const char *part, char path[PATH_MAX])
{
	char prefix[PATH_MAX] = "";
	if (part[0] != '/')
		find_prefix(prefix);
	int n = snprintf(path, PATH_MAX, "%s%s%s", prefix, part[0] == '/' ? "" : "/", part);
	if (n < 0 || n >= PATH_MAX)
		path[0] = '\0';
}

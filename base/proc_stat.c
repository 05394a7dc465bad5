/* SPDX-License-Identifier: MIT */
#include "base/proc_stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

bool proc_stat_read(int fd, struct proc_stat *out)
{
	char text[1024];
	ssize_t n = read(fd, text, sizeof text - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name may hold anything, but it ends with the last parenthesis. */
	const char *rest = strrchr(text, ')');
	int parent;
	unsigned long user, system;
	long pages;
	if (!rest || sscanf(rest + 1,
			     " %*c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %lu %lu"
			     " %*d %*d %*d %*d %*d %*d %*u %*u %ld",
			     &parent, &out->flags, &user, &system, &pages) != 5)
		return false;
	out->parent = parent;
	out->cpu_us = (uint64_t)(user + system) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	out->pages = pages > 0 ? (uint64_t)pages : 0;
	return true;
}

bool proc_stat_of(pid_t pid, struct proc_stat *out)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && proc_stat_read(fd, out);
}

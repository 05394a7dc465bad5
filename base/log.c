/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

/* The descriptor stays the same number for the whole life: a reopened file is dup3'ed over it, so
 * that no thread can ever write to a number that was closed and given to something else. */
static atomic_int log_fd = STDERR_FILENO;
static char *log_path;

static int open_path(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	return fd < 0 ? -errno : fd;
}

int log_open(const char *path)
{
	if (!path || !*path)
		return 0;
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	int fd = open_path(path);
	if (fd < 0) {
		free(copy);
		return fd;
	}
	free(log_path);
	log_path = copy;
	int current = atomic_load(&log_fd);
	if (current == STDERR_FILENO) {
		atomic_store(&log_fd, fd);
		return 0;
	}
	int r = dup3(fd, current, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int log_reopen(void)
{
	if (!log_path)
		return 0;
	int fd = open_path(log_path);
	if (fd < 0)
		return fd;
	int r = dup3(fd, atomic_load(&log_fd), O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return r;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "notice", "info"};
	char line[8192];
	struct text text;
	text_init(&text, line, sizeof line - 1);

	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct tm utc;
	gmtime_r(&now.tv_sec, &utc);
	text.len = strftime(line, text.size, "%Y-%m-%dT%H:%M:%S", &utc);
	text_printf(&text, ".%03ldZ %s ", now.tv_nsec / 1000000, names[level]);

	va_list args;
	va_start(args, format);
	int n = vsnprintf(line + text.len, text.size - text.len, format, args);
	va_end(args);
	size_t len = n < 0 ? text.len : text.len + (size_t)n;
	if (len > text.size - 1)
		len = text.size - 1;
	line[len++] = '\n';
	ssize_t written = write(atomic_load(&log_fd), line, len);
	(void)written; /* a log that cannot be written has nobody to be told to */
}

/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The log: lines to stderr or to a file, one write(2) each, so that lines of different threads
 * never mix. The only mutable global of the project beside the signal descriptor. Any thread,
 * except log_open and log_reopen: main thread.
 */

#include <stdarg.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
};

/* path NULL or "": stderr. Returns 0 or -errno (then the log stays where it was). */
int log_open(const char *path);

/* Opens the path again, after somebody has moved the file away. Returns 0 or -errno. */
int log_reopen(void);

/* One line `time level message`; the line break is added, a longer line than 8 KiB is cut. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)

#endif

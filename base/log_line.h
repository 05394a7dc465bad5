/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

/*
 * A line of named fields, put together piece by piece in the log's format:
 *
 *   request id=7f url="/1.jpg" status=200 total_ms=12.3
 *   {"time":"…","level":"info","event":"request","id":"7f","url":"/1.jpg","status":200,"total_ms":12.3}
 *
 * A field that does not fit is left out as a whole, and `cut` says so; the line stays well-formed.
 * Nothing here writes: see log_write_line. One thread.
 */

#include <stdarg.h>

#include "base/log.h"
#include "base/text.h"

struct log_line {
	struct text text;
	enum log_level level;
	bool json;
};

/* size: at least 256. The buffer stays the caller's. */
void log_line_begin(
	struct log_line *line, char *buffer, size_t size, enum log_level level, const char *event);
/* value: a name of ours or a checked value: letters, digits, `.,:_-`. */
void log_line_word(struct log_line *line, const char *key, const char *value);
/* value: from anywhere; at most max bytes of it. */
void log_line_string(struct log_line *line, const char *key, const char *value, size_t max);
void log_line_count(struct log_line *line, const char *key, uint64_t value);
/* Microseconds, shown as milliseconds with one decimal. */
void log_line_ms(struct log_line *line, const char *key, uint64_t us);
/* Ends the line; log_write_line does that, too. */
void log_line_end(struct log_line *line);

/* A whole line that is one message. Longer messages than 2 KiB (text: than the buffer) are cut. */
void log_line_message(struct log_line *line, char *buffer, size_t size, enum log_level level,
	const char *format, va_list args) __attribute__((format(printf, 5, 0)));

/* The format of all lines. Before there are threads. */
void log_line_set_format(enum log_format format);
enum log_format log_get_format(void);

const char *log_level_name(enum log_level level);

/* "2026-11-23T03:40:41.123Z", of now. */
enum { LOG_TIME_SIZE = 32 };
void log_line_time(char out[LOG_TIME_SIZE]);

#endif

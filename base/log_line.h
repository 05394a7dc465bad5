/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

/*
 * A line of named fields, put together piece by piece in the log's format:
 *
 *   request id=7f url="/1.jpg" status=200 total_ms=12.3
 *   {"time":"…","level":"info","event":"request","id":"7f","url":"/1.jpg","status":200,"total_ms":12.3}
 *
 * A field that does not fit any more is left out as a whole, and `cut` says so: the line stays what
 * it is. One thread.
 */

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
/* value: a name of ours or something checked: letters, digits, `.,:_-`. */
void log_line_word(struct log_line *line, const char *key, const char *value);
/* value: from anywhere; at most max bytes of it. */
void log_line_string(struct log_line *line, const char *key, const char *value, size_t max);
void log_line_count(struct log_line *line, const char *key, uint64_t value);
/* Microseconds, shown as milliseconds with one decimal. */
void log_line_ms(struct log_line *line, const char *key, uint64_t us);
/* Writes it. */
void log_line_end(struct log_line *line);

#endif

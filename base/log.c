/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log_line.h"
#include "base/log_queue.h"
#include "base/log_sink.h"

enum { LINE_MAX_BYTES = 8192, JSON_MESSAGE_MAX = 2048 };

static enum log_format log_format; /* written before there are threads */

int log_open(const char *where, enum log_format format)
{
	int r = log_sink_open(where);
	if (r == 0)
		log_format = format;
	return r;
}

void log_reopen(void)
{
	if (!log_queue_reopen())
		log_sink_reopen();
}

int log_start(void)
{
	return log_queue_start();
}

void log_stop(void)
{
	log_queue_stop();
}

uint64_t log_dropped(void)
{
	return log_queue_dropped();
}

enum log_format log_get_format(void)
{
	return log_format;
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warning", "notice", "info"};
	return names[level];
}

void log_write(enum log_level level, const char *format, ...)
{
	char message[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(message, sizeof message, format, args);
	va_end(args);
	if (n < 0)
		return;
	if (log_format == LOG_FORMAT_TEXT) {
		log_sink_write(level, message, strlen(message), false);
		return;
	}
	char buffer[6 * JSON_MESSAGE_MAX + 512]; /* every byte may become \u00XX */
	struct log_line line;
	log_line_begin(&line, buffer, sizeof buffer, level, "message");
	log_line_string(&line, "message", message, JSON_MESSAGE_MAX);
	log_line_end(&line);
}

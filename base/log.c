/* SPDX-License-Identifier: MIT */
/* The top of the log. log_line.c makes a line, log_sink.c knows where lines go, log_queue.c has the
 * thread that writes them. */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>

#include "base/log_line.h"
#include "base/log_queue.h"
#include "base/log_sink.h"

enum {
	LINE_MAX_BYTES = 8192,
	JSON_MAX_BYTES = 6 * 2048 + 512, /* every byte of a message may become \u00XX */
};

static enum log_level least = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	least = level;
}

int log_open(const char *where, enum log_format format)
{
	int r = log_sink_open(where);
	if (r == 0)
		log_line_set_format(format);
	return r;
}

void log_reopen(void)
{
	if (log_queue_reopen())
		return;
	int r = log_sink_reopen();
	if (r < 0)
		log_error(LOG_SINK_NOT_REOPENED, strerror(-r));
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

static void put(const struct log_line *line)
{
	struct log_frame frame;
	if (line->level > least)
		return;
	log_sink_frame(&frame, line);
	if (!log_queue_put(frame.parts, LOG_FRAME_PARTS) && !log_sink_write(&frame))
		log_queue_count_drop();
}

void log_write_line(struct log_line *line)
{
	log_line_end(line);
	put(line);
}

void log_write(enum log_level level, const char *format, ...)
{
	char buffer[JSON_MAX_BYTES];
	struct log_line line;
	size_t size = log_get_format() == LOG_FORMAT_TEXT ? LINE_MAX_BYTES : sizeof buffer;
	va_list args;
	va_start(args, format);
	log_line_message(&line, buffer, size, level, format, args);
	va_end(args);
	put(&line);
}

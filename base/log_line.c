/* SPDX-License-Identifier: MIT */
#include "base/log_line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

enum { JSON_MESSAGE_MAX = 2048 };

static enum log_format log_format; /* written before there are threads */

static const char CUT_TEXT[] = " cut=true", CUT_JSON[] = ",\"cut\":true}";

void log_line_set_format(enum log_format format)
{
	log_format = format;
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

void log_line_time(char out[LOG_TIME_SIZE])
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct tm utc;
	gmtime_r(&now.tv_sec, &utc);
	size_t length = strftime(out, LOG_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + length, LOG_TIME_SIZE - length, ".%03uZ",
		(unsigned)(now.tv_nsec / 1000000) % 1000);
}

void log_line_begin(
	struct log_line *line, char *buffer, size_t size, enum log_level level, const char *event)
{
	*line = (struct log_line){.level = level, .json = log_format == LOG_FORMAT_JSON};
	text_init(&line->text, buffer, size - sizeof CUT_JSON);
	if (!line->json) {
		text_puts(&line->text, event);
		return;
	}
	char time[LOG_TIME_SIZE];
	log_line_time(time);
	text_printf(&line->text, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time,
		log_level_name(level), event);
}

/* Appends the key; the return value is for field_end. */
static struct text field_begin(struct log_line *line, const char *key)
{
	struct text before = line->text;
	line->text.overflow = false;
	text_puts(&line->text, line->json ? ",\"" : " ");
	text_puts(&line->text, key);
	text_puts(&line->text, line->json ? "\":" : "=");
	return before;
}

static void field_end(struct log_line *line, const struct text *before)
{
	bool overflow = line->text.overflow;
	if (overflow) {
		line->text = *before;
		line->text.data[before->len] = '\0';
	}
	line->text.overflow = overflow || before->overflow;
}

void log_line_word(struct log_line *line, const char *key, const char *value)
{
	struct text before = field_begin(line, key);
	const char *quote = line->json ? "\"" : "";
	text_puts(&line->text, quote);
	text_puts(&line->text, value);
	text_puts(&line->text, quote);
	field_end(line, &before);
}

void log_line_string(struct log_line *line, const char *key, const char *value, size_t max)
{
	struct text before = field_begin(line, key);
	text_puts(&line->text, "\"");
	if (line->json)
		json_escape(&line->text, value, max);
	else
		text_escaped(&line->text, value, max);
	text_puts(&line->text, "\"");
	field_end(line, &before);
}

void log_line_count(struct log_line *line, const char *key, uint64_t value)
{
	struct text before = field_begin(line, key);
	text_count(&line->text, value);
	field_end(line, &before);
}

void log_line_ms(struct log_line *line, const char *key, uint64_t us)
{
	struct text before = field_begin(line, key);
	text_count(&line->text, us / 1000);
	text_puts(&line->text, ".");
	text_count(&line->text, us % 1000 / 100);
	field_end(line, &before);
}

void log_line_end(struct log_line *line)
{
	struct text *text = &line->text;
	bool cut = text->overflow;
	text->size += sizeof CUT_JSON;
	if (line->json)
		text_puts(text, cut ? CUT_JSON : "}");
	else if (cut)
		text_puts(text, CUT_TEXT);
}

void log_line_message(struct log_line *line, char *buffer, size_t size, enum log_level level,
	const char *format, va_list args)
{
	if (log_format == LOG_FORMAT_TEXT) {
		*line = (struct log_line){.level = level};
		text_init(&line->text, buffer, size);
		int n = vsnprintf(buffer, size, format, args);
		line->text.len = n < 0 ? 0 : strlen(buffer);
		return;
	}
	char message[JSON_MESSAGE_MAX + 2]; /* one more shows that it is cut */
	vsnprintf(message, sizeof message, format, args);
	log_line_begin(line, buffer, size, level, "message");
	log_line_string(line, "message", message, JSON_MESSAGE_MAX);
	log_line_end(line);
}

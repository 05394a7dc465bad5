/* SPDX-License-Identifier: MIT */
/*
 * An administrator corrects a file from its top to its bottom. Therefore messages are sorted by
 * line, those of an included file where it is included. They contain values from the file; a
 * message stays one line whatever bytes these have.
 */
#include "src/config/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES_MAX = 500, TEXT_MAX = 512 };

static bool report_known(const struct config_report *report, unsigned line, const char *text)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->messages[i].line == line && strcmp(report->messages[i].text, text) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 4, 0))) static void report_add(
	struct config_report *report, unsigned line, bool warning, const char *format, va_list args)
{
	char text[TEXT_MAX];
	if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	for (unsigned char *at = (unsigned char *)text; *at; at++)
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
	if (!warning)
		report->errors++;
	if (report->count >= MESSAGES_MAX || report_known(report, line, text))
		return;
	struct config_message *more =
		realloc(report->messages, (report->count + 1) * sizeof(*more));
	if (more)
		report->messages = more;
	char *copy = config_strdup(report, text);
	if (!more || !copy) {
		report->out_of_memory = true;
		free(copy);
		return;
	}
	report->messages[report->count++] = (struct config_message){line, warning, copy};
}

void config_error(struct config_report *report, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	report_add(report, line, false, format, args);
	va_end(args);
}

void config_warning(struct config_report *report, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	report_add(report, line, true, format, args);
	va_end(args);
}

void config_report_write(struct config_report *report, const char *file, FILE *out)
{
	/* insertion sort: stable, and there are few */
	for (size_t i = 1; i < report->count; i++) {
		struct config_message message = report->messages[i];
		size_t at = i;
		for (; at > 0 && report->messages[at - 1].line > message.line; at--)
			report->messages[at] = report->messages[at - 1];
		report->messages[at] = message;
	}
	for (size_t i = 0; i < report->count; i++) {
		const struct config_message *message = &report->messages[i];
		unsigned line;
		const struct config_source *source =
			config_place(&report->places, message->line, &line);
		fprintf(out, "%s:%u: %s%s\n", source ? source->name : file, line ? line : 1,
			message->warning ? "warning: " : "", message->text);
	}
	if (report->count == MESSAGES_MAX)
		fprintf(out, "%s:1: more errors than are shown\n", file);
}

void config_report_clear(struct config_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->messages[i].text);
	free(report->messages);
	config_places_clear(&report->places);
	*report = (struct config_report){0};
}

char *config_strdup(struct config_report *report, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		report->out_of_memory = true;
	return copy;
}

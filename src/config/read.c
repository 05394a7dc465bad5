/* SPDX-License-Identifier: MIT */
/*
 * From an option's text to a field. One place decides how a wrong value is reported: what was
 * written, then what it should have been.
 */
#include "src/config/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void config_check_title(const struct config_node *node, const char *name, size_t index,
	const char *where, struct config_report *report)
{
	const struct config_node *section = config_node_section(node, name, index);
	const char *title = config_node_title(section);
	for (size_t i = 0; i < index; i++) {
		const struct config_node *other = config_node_section(node, name, i);
		if (strcmp(config_node_title(other), title) != 0)
			continue;
		config_error(report, config_node_line(section),
			"%s%s '%.64s': there is one of this name on line %u", where, name, title,
			config_node_line(other));
		return;
	}
}

const struct config_value *config_read_one(const struct config_reader *reader, const char *option)
{
	return config_node_value(reader->node, option, 0);
}

__attribute__((format(printf, 4, 0))) static void read_message(const struct config_reader *reader,
	unsigned line, bool warning, const char *format, va_list args)
{
	char message[512];
	vsnprintf(message, sizeof(message), format, args);
	if (warning)
		config_warning(reader->report, line, "%s%s", reader->where, message);
	else
		config_error(reader->report, line, "%s%s", reader->where, message);
}

void config_read_error(const struct config_reader *reader, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	read_message(reader, line, false, format, args);
	va_end(args);
}

void config_read_warning(const struct config_reader *reader, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	read_message(reader, line, true, format, args);
	va_end(args);
}

static void wrong(const struct config_reader *reader, const char *option,
	const struct config_value *value, const char *message)
{
	config_read_error(reader, value->line, "%s = %.80s: %s", option, value->text, message);
}

void config_read_duration(
	const struct config_reader *reader, const char *option, uint64_t min_ms, uint64_t *out)
{
	char message[CONFIG_MESSAGE_MAX];
	uint64_t ms;
	const struct config_value *value = config_read_one(reader, option);
	if (!value)
		return;
	if (!config_parse_duration(value->text, &ms, message))
		wrong(reader, option, value, message);
	else if (ms < min_ms)
		wrong(reader, option, value, "must be more than 0");
	else
		*out = ms;
}

void config_read_bytes(
	const struct config_reader *reader, const char *option, uint64_t min, uint64_t *out)
{
	char message[CONFIG_MESSAGE_MAX];
	uint64_t bytes;
	const struct config_value *value = config_read_one(reader, option);
	if (!value)
		return;
	if (!config_parse_bytes(value->text, &bytes, message)) {
		wrong(reader, option, value, message);
	} else if (bytes > 0 && bytes < min) {
		if (bytes < 65536)
			snprintf(message, sizeof(message),
				"%llu bytes are too few; did you mean %lluM?",
				(unsigned long long)bytes, (unsigned long long)bytes);
		else
			snprintf(message, sizeof(message), "too small, at least %lluk",
				(unsigned long long)min / 1024);
		wrong(reader, option, value, message);
	} else {
		*out = bytes;
	}
}

void config_read_count(const struct config_reader *reader, const char *option, uint64_t *out)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, option);
	uint64_t count;
	if (value && !config_parse_count(value->text, &count, message))
		wrong(reader, option, value, message);
	else if (value)
		*out = count;
}

void config_read_integer(const struct config_reader *reader, const char *option, unsigned min,
	unsigned max, unsigned *out)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, option);
	uint64_t number;
	if (value && !config_parse_integer(value->text, min, max, &number, message))
		wrong(reader, option, value, message);
	else if (value)
		*out = (unsigned)number;
}

void config_read_bool(const struct config_reader *reader, const char *option, bool *out)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, option);
	if (value && !config_parse_bool(value->text, out, message))
		wrong(reader, option, value, message);
}

void config_read_name(const struct config_reader *reader, const char *option,
	const char *const *names, unsigned *out)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, option);
	if (!value)
		return;
	int index = config_parse_name(value->text, names, message);
	if (index < 0)
		wrong(reader, option, value, message);
	else
		*out = (unsigned)index;
}

void config_read_string(
	const struct config_reader *reader, const char *option, bool empty_is_null, char **out)
{
	const struct config_value *value = config_read_one(reader, option);
	if (!value || (empty_is_null && value->text[0] == '\0'))
		return;
	free(*out);
	*out = config_strdup(reader->report, value->text);
}

void config_read_list(
	const struct config_reader *reader, const char *option, char **list, size_t max)
{
	size_t count = config_node_count(reader->node, option), n = 0;
	for (size_t i = 0; i < count; i++) {
		const struct config_value *value = config_node_value(reader->node, option, i);
		if (i == max) {
			config_read_error(reader, value->line, "%s: more than %zu", option, max);
			break;
		}
		if (value->text[0] == '\0') {
			config_read_error(
				reader, value->line, "%s: an empty text in the list", option);
			continue;
		}
		list[n] = config_strdup(reader->report, value->text);
		if (!list[n++])
			break;
	}
}

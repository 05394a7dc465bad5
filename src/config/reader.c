/* SPDX-License-Identifier: MIT */
/*
 * From an option's text to its field. A wrong value is reported here and nowhere else: first what
 * was written, then what it should have been.
 */
#include "src/config/reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

void config_check_title(const struct config_reader *reader, const char *name, size_t index)
{
	const struct config_node *section = config_node_section(reader->node, name, index);
	const char *title = config_node_title(section);
	for (size_t i = 0; i < index; i++) {
		const struct config_node *other = config_node_section(reader->node, name, i);
		if (strcmp(config_node_title(other), title) != 0)
			continue;
		char place[CONFIG_PLACE_MAX];
		unsigned line = config_node_line(section);
		config_read_error(reader, line, "%s '%.64s': there is one of this name on %s", name,
			title,
			config_place_text(
				&reader->report->places, config_node_line(other), line, place));
		return;
	}
}

static void read_list(const struct config_reader *reader, const struct option *option, char **list)
{
	size_t count = config_node_count(reader->node, option->name), n = 0;
	for (size_t i = 0; i < count; i++) {
		const struct config_value *value = config_node_value(reader->node, option->name, i);
		if (i == option->max) {
			config_read_error(reader, value->line, "%s: more than %zu", option->name,
				(size_t)option->max);
			break;
		}
		if (value->text[0] == '\0') {
			config_read_error(
				reader, value->line, "%s: an empty text in the list", option->name);
			continue;
		}
		list[n] = config_strdup(reader->report, value->text);
		if (!list[n++])
			break;
	}
}

static void set_default(
	const struct config_reader *reader, const struct option *option, void *record)
{
	char message[CONFIG_MESSAGE_MAX];
	bool live = reader->live && option->live;
	const char *text = live ? option->live : option->standard;
	if (option->derive && !live)
		option->derive(reader, record);
	else if (text && !option_parse(option, text, record, reader->report, message))
		assert(!"a default of the table is no value");
}

static void check_required(
	const struct config_reader *reader, const struct option *option, const void *record)
{
	const struct config_value *value = config_read_one(reader, option->name);
	char *const *text = (const void *)((const char *)record + option->offset);
	if (*text || (!value && !reader->complete))
		return;
	config_read_error(reader, value ? value->line : config_node_line(reader->node),
		"%s is missing: %s", option->name, option->meaning);
}

static void read_value(
	const struct config_reader *reader, const struct option *option, void *record)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, option->name);
	set_default(reader, option, record);
	if (value && !option_parse(option, value->text, record, reader->report, message))
		config_read_error(
			reader, value->line, "%s = %.80s: %s", option->name, value->text, message);
	else if (option->required)
		check_required(reader, option, record);
}

static void read_option(
	const struct config_reader *reader, const struct option *option, void *record)
{
	size_t errors = reader->report->errors;
	if (option->read)
		option->read(reader, record);
	else if (option->type == OPTION_LIST)
		read_list(reader, option, option_field(option, record));
	else if (option->type < OPTION_LIST)
		read_value(reader, option, record);
	const struct config_value *value = config_read_one(reader, option->name);
	if (option->check && value && errors == reader->report->errors &&
		!reader->report->out_of_memory)
		option->check(reader, value, record);
}

void config_read_section(const struct config_reader *reader, const struct option *options,
	enum option_section section, void *record)
{
	for (const struct option *option = options; option->name; option++)
		if (option->section == section && option->type < OPTION_BLOCK)
			read_option(reader, option, record);
}

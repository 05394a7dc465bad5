/* SPDX-License-Identifier: MIT */
/*
 * What each type of option does: read a text into a field, print the field, free it.
 */
#include "src/config/option.h"

#include "src/config/report.h"
#include "src/config/values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

void *option_field(const struct option *option, void *record)
{
	return (char *)record + option->offset;
}

static const void *field_of(const struct option *option, const void *record)
{
	return (const char *)record + option->offset;
}

static bool parse_bytes(const struct option *option, const char *text, uint64_t *out, char *message)
{
	uint64_t bytes;
	if (!config_parse_bytes(text, &bytes, message))
		return false;
	if (bytes == 0 || bytes >= option->min) {
		*out = bytes;
		return true;
	}
	if (bytes < 65536)
		snprintf(message, CONFIG_MESSAGE_MAX,
			"%" PRIu64 " bytes are too few; did you mean %" PRIu64 "M?", bytes, bytes);
	else
		snprintf(message, CONFIG_MESSAGE_MAX, "too small, at least %" PRIu64 "k",
			option->min / 1024);
	return false;
}

static bool parse_duration(
	const struct option *option, const char *text, uint64_t *out, char *message)
{
	uint64_t ms;
	if (!config_parse_duration(text, &ms, message))
		return false;
	if (ms < option->min) {
		snprintf(message, CONFIG_MESSAGE_MAX, "must be more than 0");
		return false;
	}
	*out = option->type == OPTION_SECONDS ? (ms + 999) / 1000 : ms;
	return true;
}

static bool parse_integer(
	const struct option *option, const char *text, unsigned *out, char *message)
{
	uint64_t number;
	if (!config_parse_integer(text, option->min, option->max, &number, message))
		return false;
	*out = (unsigned)number;
	return true;
}

static bool parse_mode(const char *text, mode_t *out, char *message)
{
	size_t n = strspn(text, "01234567");
	if (n < 3 || n > 4 || text[n] != '\0' || (n == 4 && text[0] != '0')) {
		snprintf(message, CONFIG_MESSAGE_MAX, "write three octal digits such as 0660");
		return false;
	}
	*out = (mode_t)strtoul(text, NULL, 8);
	return true;
}

static bool parse_word(const struct option *option, const char *text, void *out, char *message)
{
	int index = config_parse_name(text, option->words, message);
	if (index < 0)
		return false;
	if (option->size == sizeof(bool))
		*(bool *)out = index == 1;
	else
		*(unsigned *)out = (unsigned)index;
	return true;
}

static unsigned word_index(const struct option *option, const void *field)
{
	return option->size == sizeof(bool) ? *(const bool *)field : *(const unsigned *)field;
}

static bool parse_string(
	const struct option *option, const char *text, char **out, struct config_report *report)
{
	free(*out);
	*out = option->type == OPTION_STRING && text[0] == '\0' ? NULL
								: config_strdup(report, text);
	return true;
}

bool option_parse(const struct option *option, const char *text, void *record,
	struct config_report *report, char *message)
{
	void *out = option_field(option, record);
	switch (option->type) {
	case OPTION_STRING:
	case OPTION_TEXT:
		return parse_string(option, text, out, report);
	case OPTION_BOOL:
		return config_parse_bool(text, out, message);
	case OPTION_INTEGER:
		return parse_integer(option, text, out, message);
	case OPTION_BYTES:
		return parse_bytes(option, text, out, message);
	case OPTION_COUNT:
		return config_parse_count(text, out, message);
	case OPTION_DURATION:
	case OPTION_SECONDS:
		return parse_duration(option, text, out, message);
	case OPTION_MODE:
		return parse_mode(text, out, message);
	case OPTION_WORD:
		return parse_word(option, text, out, message);
	case OPTION_LIST:
	case OPTION_OWN:
	case OPTION_OWN_LIST:
	case OPTION_BLOCK:
	case OPTION_INCLUDE:
		break;
	}
	return false;
}

void option_put_name(FILE *out, const struct option *option)
{
	static const char *const indents[OPTION_SECTIONS] = {
		[OPTION_FILE] = "",
		[OPTION_CACHE] = "    ",
		[OPTION_RECIPE] = "    ",
		[OPTION_PARAM] = "        ",
	};
	fprintf(out, "%s%s = ", indents[option->section], option->name);
}

void option_put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

void option_put_list(FILE *out, char *const *list)
{
	for (size_t i = 0; list[i]; i++) {
		fputs(i ? ", " : "{", out);
		option_put_quoted(out, list[i]);
	}
	fputs("}", out);
}

static void put_duration(FILE *out, uint64_t ms)
{
	const char *unit = "ms";
	if (ms > 0 && ms % 3600000 == 0) {
		ms /= 3600000;
		unit = "h";
	} else if (ms > 0 && ms % 60000 == 0) {
		ms /= 60000;
		unit = "m";
	} else if (ms % 1000 == 0) {
		ms /= 1000;
		unit = "s";
	}
	fprintf(out, "%" PRIu64 "%s", ms, unit);
}

static void put_scaled(FILE *out, uint64_t value, uint64_t kilo)
{
	static const char *const units[] = {"", "k", "M", "G"};
	size_t unit = 0;
	while (value > 0 && value % kilo == 0 && unit < 3) {
		value /= kilo;
		unit++;
	}
	fprintf(out, "%" PRIu64 "%s", value, units[unit]);
}

static bool is_empty(const struct option *option, const void *field)
{
	switch (option->type) {
	case OPTION_STRING:
	case OPTION_TEXT:
		return !*(char *const *)field;
	case OPTION_LIST:
		return !*(char *const *)field;
	case OPTION_BOOL:
		return !*(const bool *)field;
	case OPTION_INTEGER:
		return *(const unsigned *)field == 0;
	case OPTION_BYTES:
	case OPTION_COUNT:
	case OPTION_DURATION:
	case OPTION_SECONDS:
		return *(const uint64_t *)field == 0;
	case OPTION_WORD:
		return word_index(option, field) == 0;
	case OPTION_MODE:
	case OPTION_OWN:
	case OPTION_OWN_LIST:
	case OPTION_BLOCK:
	case OPTION_INCLUDE:
		break;
	}
	return false;
}

static void put_value(FILE *out, const struct option *option, const void *field)
{
	const char *text;
	switch (option->type) {
	case OPTION_STRING:
	case OPTION_TEXT:
		text = *(char *const *)field;
		option_put_quoted(out, text ? text : "");
		break;
	case OPTION_LIST:
		option_put_list(out, field);
		break;
	case OPTION_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case OPTION_INTEGER:
		fprintf(out, "%u", *(const unsigned *)field);
		break;
	case OPTION_BYTES:
		put_scaled(out, *(const uint64_t *)field, 1024);
		break;
	case OPTION_COUNT:
		put_scaled(out, *(const uint64_t *)field, 1000);
		break;
	case OPTION_DURATION:
		put_duration(out, *(const uint64_t *)field);
		break;
	case OPTION_SECONDS:
		put_duration(out, *(const uint64_t *)field * 1000);
		break;
	case OPTION_MODE:
		fprintf(out, "0%03o", (unsigned)*(const mode_t *)field);
		break;
	case OPTION_WORD:
		fputs(option->words[word_index(option, field)], out);
		break;
	case OPTION_OWN:
	case OPTION_OWN_LIST:
	case OPTION_BLOCK:
	case OPTION_INCLUDE:
		break;
	}
}

void option_put_typed(FILE *out, const struct option *option, const void *record)
{
	const void *field = field_of(option, record);
	bool brief = option->brief || option->type == OPTION_LIST;
	if (brief && is_empty(option, field))
		return;
	option_put_name(out, option);
	put_value(out, option, field);
	fputc('\n', out);
}

void option_put(FILE *out, const struct option *option, const void *record)
{
	if (option->put)
		option->put(out, option, record);
	else
		option_put_typed(out, option, record);
}

void option_clear(const struct option *options, enum option_section section, void *record)
{
	for (const struct option *option = options; option->name; option++) {
		char **text = option_field(option, record);
		if (option->section != section)
			continue;
		if (option->type == OPTION_STRING || option->type == OPTION_TEXT)
			free(*text);
		for (; option->type == OPTION_LIST && *text; text++)
			free(*text);
	}
}

/* SPDX-License-Identifier: MIT */
#include "src/config/scan_meant.h"

#include <string.h>

#include "src/config/values.h"

static bool is(const struct option *option, const struct scan_piece *name)
{
	return strlen(option->name) == name->length &&
	       !memcmp(option->name, name->text, name->length);
}

static const struct option *find(enum option_section section, const struct scan_piece *name)
{
	for (const struct option *option = config_options; option->name; option++)
		if (option->section == section && is(option, name))
			return option;
	return NULL;
}

static const struct option *find_here(const struct scan *scan, const struct scan_piece *name)
{
	return find(scan->sections[scan->depth], name);
}

bool scan_known(const struct scan *scan, const struct scan_piece *name)
{
	return find_here(scan, name);
}

bool scan_is_section(const struct scan *scan, const struct scan_piece *name)
{
	const struct option *option = find_here(scan, name);
	return option && option->type == OPTION_BLOCK;
}

bool scan_is_include(const struct scan *scan, const struct scan_piece *name)
{
	const struct option *option = find_here(scan, name);
	return option && option->type == OPTION_INCLUDE;
}

static bool is_list(const struct option *option)
{
	return option->type == OPTION_LIST || option->type == OPTION_OWN_LIST;
}

bool scan_takes_one(const struct scan *scan, const struct scan_piece *name)
{
	const struct option *option = find_here(scan, name);
	return option && !is_list(option) && option->type != OPTION_BLOCK;
}

enum option_section scan_inner(const struct scan *scan, const struct scan_piece *name)
{
	const struct option *option = find_here(scan, name);
	return option && option->type == OPTION_BLOCK ? option->inner : OPTION_SECTIONS;
}

const char *scan_example(const struct scan *scan, const struct scan_piece *name)
{
	switch (scan_inner(scan, name)) {
	case OPTION_RECIPE:
		return "recipe NAME { ... }";
	case OPTION_PARAM:
		return "param NAME { type = ... }";
	case OPTION_CACHE:
		return "cache { path = \"/...\" }";
	case OPTION_FILE:
	case OPTION_SECTIONS:
		break;
	}
	return "NAME { ... }";
}

bool scan_is_misplaced(const struct scan *scan, const struct scan_piece *name)
{
	if (find_here(scan, name))
		return false;
	for (size_t depth = scan->depth; depth-- > 0;)
		if (find(scan->sections[depth], name))
			return true;
	return false;
}

/* The blanks at the beginning of the line of `at`, and whether there are only blanks before it. */
static size_t indent_of(const struct scan *scan, const char *at, bool *first)
{
	const char *line = at;
	while (line > scan->begin && line[-1] != '\n')
		line--;
	size_t indent = 0;
	while (line + indent < at && strchr(" \t", line[indent]))
		indent++;
	*first = line + indent == at;
	return indent;
}

bool scan_closes_outer(const struct scan *scan)
{
	bool first, ignored;
	if (scan->depth == 0 || scan->opened[scan->depth - 1] == scan->line)
		return false;
	size_t indent = indent_of(scan, scan->at, &first);
	return first && indent < indent_of(scan, scan->opened_at[scan->depth - 1], &ignored);
}

/* The first byte from here that is no blank; '\0': the line ends before. */
static char next_on_line(const struct scan *scan, const char *at)
{
	while (at < scan->end && (*at == ' ' || *at == '\t'))
		at++;
	return at < scan->end && *at != '\n' && *at != '\r' && *at != '#' ? *at : '\0';
}

bool scan_is_option_ahead(const struct scan *scan, const struct scan_piece *item)
{
	if (item->line == scan->value.line)
		return false;
	char next = next_on_line(scan, item->text + item->length);
	for (size_t depth = scan->depth; depth-- > 0;) {
		const struct option *option = find(scan->sections[depth], item);
		if (option && (option->type >= OPTION_BLOCK || next == '='))
			return true;
	}
	return false;
}

bool scan_is_curly_quote(const struct scan_piece *word)
{
	static const char *const quotes[] = {
		"\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "\u201a", "\u00ab", "\u00bb"};
	for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
		if (word->length >= strlen(quotes[i]) &&
			!memcmp(word->text, quotes[i], strlen(quotes[i])))
			return true;
	return false;
}

static bool is_number(const struct scan_piece *piece)
{
	size_t digits = 0;
	while (digits < piece->length && strchr("0123456789.", piece->text[digits]))
		digits++;
	return digits == piece->length && digits < 20;
}

/* "512 MB" → "did you mean 512M?" */
static void explain_unit(struct scan *scan, const struct scan_piece *unit)
{
	char text[64], message[CONFIG_MESSAGE_MAX];
	uint64_t value;
	const struct option *option = find_here(scan, &scan->name);
	snprintf(text, sizeof text, "%.*s %.*s", (int)scan->value.length, scan->value.text,
		(int)(unit->length > 20 ? 20 : unit->length), unit->text);
	bool known = option;
	if (option && (option->type == OPTION_DURATION || option->type == OPTION_SECONDS))
		config_parse_duration(text, &value, message);
	else if (option && option->type == OPTION_BYTES)
		config_parse_bytes(text, &value, message);
	else if (option && option->type == OPTION_COUNT)
		config_parse_count(text, &value, message);
	else
		known = false;
	scan_stop(scan, unit->line, SCAN_PIECE " = %s: %s", SCAN_SHOW(scan->name), text,
		known ? message : "a value has no blank in it");
}

bool scan_explain_surplus(struct scan *scan, const struct scan_piece *piece)
{
	const struct scan_piece *value = &scan->value;
	const struct option *option = find_here(scan, &scan->name);
	bool begins_option = strchr("={+\"'", next_on_line(scan, piece->text + piece->length)) &&
			     next_on_line(scan, piece->text + piece->length) != '\0';
	bool quoted = value->text && (value->text[0] == '"' || value->text[0] == '\'');
	if (!value->text || value->line != piece->line || find_here(scan, piece))
		return false;
	if (piece->text[0] != '{' && piece->text[0] != '"' && piece->text[0] != '\'' &&
		begins_option)
		return false;
	if (option && is_list(option)) {
		scan_stop(scan, piece->line,
			SCAN_PIECE " is a list: write " SCAN_PIECE " = {\"...\", \"...\"}",
			SCAN_SHOW(scan->name), SCAN_SHOW(scan->name));
	} else if (is_number(value) && piece->text[0] != '"') {
		explain_unit(scan, piece);
	} else if (!quoted) {
		scan_stop(scan, piece->line,
			SCAN_PIECE ": a value with a blank in it must be in quotes",
			SCAN_SHOW(scan->name));
	} else {
		return false;
	}
	return true;
}

void scan_explain_comma(struct scan *scan)
{
	const char *at = scan->at;
	while (at < scan->end && strchr(" \t\r\n", *at))
		at++;
	struct scan_piece next = {at, 0, scan->line};
	while (at < scan->end && !strchr(" \t\r\n={},", *at))
		at++;
	next.length = (size_t)(at - next.text);
	const struct option *option = find_here(scan, &scan->name);
	if (option && is_list(option) && !find_here(scan, &next))
		scan_stop(scan, scan->line,
			SCAN_PIECE " is a list: write " SCAN_PIECE " = {" SCAN_PIECE ", " SCAN_PIECE
				   "}",
			SCAN_SHOW(scan->name), SCAN_SHOW(scan->name), SCAN_SHOW(scan->value),
			SCAN_SHOW(next));
	else
		scan_stop(scan, scan->line,
			"a comma separates the values of a list and nothing else: leave it out");
}

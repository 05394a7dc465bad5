/* SPDX-License-Identifier: MIT */
/*
 * The grammar is small: NAME = VALUE, NAME = {VALUE, …}, NAME [TITLE] { … }. An error that leaves
 * no doubt where the next option begins is reported and passed; any other ends the scan, because
 * its echoes would hide it.
 */
#include "src/config/scan_place.h"

#include <string.h>

#include "src/config/scan_meant.h"

/* One more value of a list begins. False: it cannot. */
static bool begin_item(struct scan *scan, const struct scan_piece *item)
{
	if (scan->comma_due && scan_is_option_ahead(scan, item)) {
		scan_stop(scan, scan->opened[scan->depth - 1],
			"this { is never closed: '" SCAN_PIECE "' on line %u stands within it",
			SCAN_SHOW(*item), scan_line_of(scan, item->line));
		return false;
	}
	if (scan->comma_due)
		scan_error(scan, scan->value.line, "a comma is missing behind " SCAN_PIECE,
			SCAN_SHOW(scan->value));
	scan->comma_due = true;
	return true;
}

/* Not a title of a section, and not behind a name that nothing is known of. */
static bool stands_behind_option(const struct scan *scan)
{
	return scan->place == PLACE_AFTER && scan_known(scan, &scan->name) &&
	       !scan_is_section(scan, &scan->name);
}

static void refuse_without_equal(struct scan *scan, const struct scan_piece *value)
{
	if (value && value->line == scan->name.line)
		scan_stop(scan, scan->name.line,
			SCAN_PIECE ": = is missing: write " SCAN_PIECE " = " SCAN_PIECE,
			SCAN_SHOW(scan->name), SCAN_SHOW(scan->name), SCAN_SHOW(*value));
	else
		scan_stop(scan, scan->name.line, SCAN_PIECE ": '=' and a value are missing",
			SCAN_SHOW(scan->name));
}

static void take_value(struct scan *scan, const struct scan_piece *piece)
{
	if (stands_behind_option(scan)) {
		refuse_without_equal(scan, piece);
		return;
	}
	if (scan->place == PLACE_VALUE && piece->line > scan->equal_line &&
		scan_is_section(scan, piece)) {
		scan_stop(scan, scan->equal_line,
			SCAN_PIECE ": a value is missing behind =", SCAN_SHOW(scan->name));
		return;
	}
	if (scan->place == PLACE_LIST && !begin_item(scan, piece))
		return;
	if (scan->place == PLACE_VALUE || scan->place == PLACE_LIST)
		scan->value = *piece;
	if (scan->place == PLACE_VALUE)
		scan->place = PLACE_NAME;
}

void scan_refuse_include(struct scan *scan)
{
	scan_stop(scan, scan->name.line, "include: write include \"FILE\"");
}

/* The file that an include names. False: the text goes on to a further line. */
static bool take_included(struct scan *scan, const struct scan_piece *piece)
{
	if (scan->line > piece->line)
		return false;
	bool odd = piece->length == 2;
	for (size_t i = 0; i < piece->length; i++)
		odd = odd || (unsigned char)piece->text[i] < 0x20 || piece->text[i] == 0x7f;
	scan->place = PLACE_NAME;
	scan->value.text = NULL;
	if (odd || memchr(piece->text, '\\', piece->length) ||
		(piece->text[0] == '"' && memmem(piece->text, piece->length, "${", 2))) {
		scan_error(scan, piece->line,
			"include " SCAN_PIECE
			": write a path, without \\, ${...} and control characters",
			SCAN_SHOW(*piece));
		return true;
	}
	scan->included = *piece;
	return true;
}

void scan_take_text(struct scan *scan, const char *from, unsigned line)
{
	const struct scan_piece piece = {from, (size_t)(scan->at - from), line};
	if (scan->place == PLACE_INCLUDED && take_included(scan, &piece))
		return;
	if (scan->line > line && scan->long_end != line)
		scan->long_line = line;
	if (scan->line > line)
		scan->long_end = scan->line;
	if (scan->place == PLACE_NAME) {
		if (!scan_explain_surplus(scan, &piece))
			scan_stop(
				scan, line, "expected the name of an option here, without quotes");
		return;
	}
	take_value(scan, &piece);
}

/* nginx ends its lines so. Returns whether the scan can go on. */
static bool cut_semicolon(struct scan *scan, struct scan_piece *word)
{
	if (word->text[word->length - 1] != ';')
		return true;
	word->length--;
	if (word->length == 0)
		scan_stop(scan, word->line, "a comment begins with #, and no line ends with ;");
	else if (scan->place == PLACE_NAME)
		scan_stop(scan, word->line, "no line ends with ;");
	else
		scan_error(scan, word->line,
			"no line ends with ;: write " SCAN_PIECE " = " SCAN_PIECE,
			SCAN_SHOW(scan->name), SCAN_SHOW(*word));
	if (stands_behind_option(scan))
		scan->place = PLACE_VALUE;
	return word->length > 0 && scan->at < scan->end;
}

static void take_name(struct scan *scan, const struct scan_piece *word)
{
	if (scan_explain_surplus(scan, word))
		return;
	if (word->text[0] == '[') {
		scan_stop(scan, word->line,
			"a section is written as recipe NAME { ... }, without [ and ]");
		return;
	}
	if (word->length > 1 && word->text[word->length - 1] == ':') {
		scan_stop(scan, word->line, "write %.*s = VALUE, with = in place of :",
			(int)(word->length - 1 > 40 ? 40 : word->length - 1), word->text);
		return;
	}
	if (!scan->misplaced.text && scan_is_misplaced(scan, word)) {
		scan->misplaced = *word;
		scan->misplaced_brace = scan->opened[scan->depth - 1];
	}
	scan->name = *word;
	scan->place = scan_is_include(scan, word) ? PLACE_INCLUDED : PLACE_AFTER;
}

void scan_take_word(struct scan *scan, const char *from)
{
	struct scan_piece word = {from, (size_t)(scan->at - from), scan->line};
	if (!cut_semicolon(scan, &word))
		return;
	if (scan_is_curly_quote(&word))
		scan_stop(scan, word.line, "a text stands in straight quotes: \" or '");
	else if (scan->place == PLACE_NAME)
		take_name(scan, &word);
	else if (scan->place == PLACE_VALUE && word.text[0] == '[')
		scan_stop(scan, word.line,
			SCAN_PIECE ": a list stands in braces: write " SCAN_PIECE
				   " = {\"...\", \"...\"}",
			SCAN_SHOW(scan->name), SCAN_SHOW(scan->name));
	else
		take_value(scan, &word);
}

/* `{size}` in a list. */
static void take_hole(struct scan *scan)
{
	size_t room = (size_t)(scan->end - scan->at), length = 0;
	while (length < room && !strchr("}\n", scan->at[length]))
		length++;
	if (length == room || scan->at[length] != '}') {
		scan_stop(scan, scan->line, "a { within a list must be in quotes");
		return;
	}
	const struct scan_piece hole = {scan->at, length + 1, scan->line};
	scan_error(scan, scan->line, SCAN_PIECE " must be in quotes: write \"" SCAN_PIECE "\"",
		SCAN_SHOW(hole), SCAN_SHOW(hole));
	if (scan->at < scan->end)
		scan->at += length + 1;
	scan->comma_due = true;
	scan->value = hole;
}

/* A { for which there is a place. */
static void open_brace(struct scan *scan)
{
	enum option_section section = scan->sections[scan->depth];
	if (++scan->braces == SCAN_BRACES_MAX) {
		scan_stop(scan, scan->line, "too many sections and lists in one file");
		return;
	}
	if (scan->depth == SCAN_DEPTH_MAX) {
		scan_stop(scan, scan->line, "too many braces within each other");
		return;
	}
	if (scan->place == PLACE_AFTER)
		section = scan_inner(scan, &scan->name);
	scan->opened_at[scan->depth] = scan->at;
	scan->opened[scan->depth++] = scan->line;
	scan->sections[scan->depth] = section;
	scan->comma_due = false;
	scan->place = scan->place == PLACE_VALUE ? PLACE_LIST : PLACE_NAME;
	scan->at++;
}

void scan_take_open(struct scan *scan)
{
	const struct scan_piece brace = {scan->at, 1, scan->line};
	if (scan->place == PLACE_LIST)
		take_hole(scan);
	else if (scan->place == PLACE_NAME && !scan_explain_surplus(scan, &brace))
		scan_stop(scan, scan->line,
			"a { without a name before it: write recipe NAME { ... }, or a list as "
			"run = {\"...\"}");
	else if (stands_behind_option(scan))
		refuse_without_equal(scan, NULL);
	else if (scan->place == PLACE_VALUE && scan_takes_one(scan, &scan->name))
		scan_stop(scan, scan->line, SCAN_PIECE ": takes one value, without braces",
			SCAN_SHOW(scan->name));
	else if (scan->at < scan->end)
		open_brace(scan);
}

void scan_take_close(struct scan *scan)
{
	const struct scan_piece brace = {scan->at, 1, scan->line};
	if (scan->place == PLACE_VALUE)
		scan_stop(scan, scan->equal_line,
			SCAN_PIECE ": a value is missing behind =", SCAN_SHOW(scan->name));
	else if (stands_behind_option(scan))
		refuse_without_equal(scan, NULL);
	else if (scan->depth == 0)
		scan_stop(scan, scan->line, "} without {: there is one } too many, here or above");
	if (scan->at == scan->end)
		return;
	if (!scan->misplaced.text && scan_closes_outer(scan)) {
		scan->misplaced = brace;
		scan->misplaced_brace = scan->opened[scan->depth - 1];
	}
	scan->depth--;
	scan->comma_due = false;
	/* Nothing on this line belongs to the value any more. */
	scan->value.line = 0;
	scan->place = PLACE_NAME;
	scan->at++;
}

void scan_take_equal(struct scan *scan, size_t length)
{
	if (scan->place == PLACE_NAME && scan->value.text && scan->value.line > scan->equal_line &&
		scan->equal_line > 0)
		/* `timeout =` took the next option's name for its value. */
		scan_stop(scan, scan->equal_line,
			SCAN_PIECE ": a value is missing behind =", SCAN_SHOW(scan->name));
	else if (scan->place == PLACE_NAME)
		scan_stop(scan, scan->line, "= without the name of an option before it");
	else if (scan->place == PLACE_VALUE)
		scan_stop(scan, scan->line, SCAN_PIECE ": one = is enough", SCAN_SHOW(scan->name));
	else if (scan->place == PLACE_LIST && scan_known(scan, &scan->value) &&
		 scan->value.line > scan->opened[scan->depth - 1])
		scan_stop(scan, scan->opened[scan->depth - 1],
			"this { is never closed: '" SCAN_PIECE "' on line %u stands within it",
			SCAN_SHOW(scan->value), scan_line_of(scan, scan->value.line));
	else if (scan->place == PLACE_LIST)
		scan_stop(scan, scan->line, "a value with = must be in quotes: \"%.*s=...\"",
			SCAN_SHOW(scan->value));
	else if (scan_is_section(scan, &scan->name))
		scan_stop(scan, scan->line, SCAN_PIECE " is a section: write %s",
			SCAN_SHOW(scan->name), scan_example(scan, &scan->name));
	if (scan->at == scan->end)
		return;
	scan->equal_line = scan->line;
	scan->place = PLACE_VALUE;
	scan->at += length;
}

void scan_take_comma(struct scan *scan)
{
	scan->at++;
	if (scan->place == PLACE_LIST && !scan->comma_due)
		scan_stop(scan, scan->line, "a value is missing before this comma of a list");
	else if (scan->place == PLACE_LIST)
		scan->comma_due = false;
	else if (scan->place == PLACE_VALUE)
		scan_stop(scan, scan->line,
			SCAN_PIECE ": a value is missing behind =", SCAN_SHOW(scan->name));
	else
		scan_explain_comma(scan);
}

void scan_take_odd(struct scan *scan)
{
	if (*scan->at == '(' && scan->place == PLACE_VALUE)
		scan_stop(scan, scan->line,
			SCAN_PIECE ": a list stands in braces: write " SCAN_PIECE
				   " = {\"...\", \"...\"}",
			SCAN_SHOW(scan->name), SCAN_SHOW(scan->name));
	else
		scan_stop(scan, scan->line, "a value with +, ( or ) must be in quotes");
}

void scan_take_end(struct scan *scan)
{
	if (scan->broken)
		return;
	if (scan->place == PLACE_VALUE)
		scan_stop(scan, scan->equal_line,
			SCAN_PIECE ": a value is missing behind =", SCAN_SHOW(scan->name));
	else if (stands_behind_option(scan))
		refuse_without_equal(scan, NULL);
	else if (scan->place == PLACE_INCLUDED)
		scan_refuse_include(scan);
	else if (scan->depth > 0 && scan->misplaced.text && scan->misplaced.text[0] == '}')
		scan_stop(scan, scan->misplaced_brace,
			"this { is never closed: the } on line %u stands further left",
			scan_line_of(scan, scan->misplaced.line));
	else if (scan->depth > 0 && scan->misplaced.text)
		scan_stop(scan, scan->misplaced_brace,
			"this { is never closed: '" SCAN_PIECE "' on line %u stands within it",
			SCAN_SHOW(scan->misplaced), scan_line_of(scan, scan->misplaced.line));
	else if (scan->depth > 0)
		scan_stop(scan, scan->opened[scan->depth - 1], "this { is never closed");
}

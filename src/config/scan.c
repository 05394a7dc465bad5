/* SPDX-License-Identifier: MIT */
/*
 * libconfuse 3.3 has four faults. It counts lines wrongly behind comments, does not accept comments
 * in lists, accepts a section that is never closed, and silently drops a `*` or `+` outside of
 * quotes. A file that decides what is executed must not be misread. Therefore the scan replaces
 * comments by blanks, and reports the rest with its line. Its second purpose is to say what is
 * wrong in the words of this file's readers (scan_place.c): the parser only knows "unexpected
 * token".
 */
#include "src/config/scan.h"

#include <stdlib.h>
#include <string.h>

#include "src/config/scan_place.h"

static char peek(const struct scan *scan, size_t ahead)
{
	return (size_t)(scan->end - scan->at) > ahead ? scan->at[ahead] : '\0';
}

/* Blanks out one byte, or passes a line break. */
static void blank(struct scan *scan)
{
	if (*scan->at == '\n')
		scan->line++;
	else
		*scan->at = ' ';
	scan->at++;
}

static void scan_line_comment(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		blank(scan);
}

static void scan_block_comment(struct scan *scan)
{
	unsigned line = scan->line;
	blank(scan);
	blank(scan);
	while (scan->at < scan->end) {
		if (peek(scan, 0) == '*' && peek(scan, 1) == '/') {
			blank(scan);
			blank(scan);
			return;
		}
		blank(scan);
	}
	scan_stop(scan, line, "this comment is never closed: */ is missing");
}

/* ${NAME} and ${NAME:-text} become the environment's value outside of '…'. */
static void scan_environment(struct scan *scan)
{
	char name[128];
	const char *from = scan->at + 2;
	size_t n = 0, room = (size_t)(scan->end - from);
	while (n < room && !strchr("}\"'\n", from[n]))
		n++;
	if (n == room || from[n] != '}') {
		scan_error(scan, scan->line,
			"${ without } on this line: write it in '...' to keep it as it is");
		return;
	}
	if (n < sizeof(name)) {
		memcpy(name, from, n);
		name[n] = '\0';
		if (!strstr(name, ":-") && !getenv(name))
			config_warning(scan->report, scan->line,
				"${%s} is not set in the environment; write it in '...' to keep it "
				"as it is",
				name);
	}
	scan->at += n + 2;
}

static void scan_escape(struct scan *scan)
{
	const char *digits = scan->at + 1;
	char *end = NULL;
	if (peek(scan, 1) == '\n')
		scan->line++;
	else if (peek(scan, 1) == '0' || (peek(scan, 1) == 'x' && peek(scan, 2) == '0')) {
		char number[4] = {0};
		bool hex = *digits == 'x';
		for (size_t i = 0; i < (hex ? 2u : 3u); i++)
			number[i] = peek(scan, i + (hex ? 2 : 1));
		if (strtoul(number, &end, hex ? 16 : 8) == 0)
			scan_error(scan, scan->line, "a NUL byte cannot stand in a text");
	}
	scan->at += scan->end - scan->at > 1 ? 2 : 1;
}

static void scan_string(struct scan *scan, char quote)
{
	unsigned line = scan->line;
	const char *from = scan->at;
	for (scan->at++; scan->at < scan->end;) {
		char c = *scan->at;
		if (c == quote) {
			scan->at++;
			scan_take_text(scan, from, line);
			return;
		}
		if (c == '\\' && quote == '"') {
			scan_escape(scan);
			continue;
		}
		if (c == '\\' && peek(scan, 1) != '\n')
			scan->at += scan->end - scan->at > 1 ? 2 : 1;
		else if (c == '$' && peek(scan, 1) == '{' && quote == '"')
			scan_environment(scan);
		else
			scan->at++;
		if (c == '\n')
			scan->line++;
		if (scan->broken && c == '$')
			scan->at += scan->at < scan->end;
	}
	scan_never_closed(scan, line);
}

static void scan_word(struct scan *scan)
{
	const char *from = scan->at;
	while (scan->at < scan->end && !strchr(" #\"'\t\n\r={}()+,", *scan->at)) {
		if (*scan->at == '$' && peek(scan, 1) == '{') {
			char *before = scan->at;
			scan_environment(scan);
			if (scan->at == before)
				scan->at++;
			else
				scan->at += scan->at < scan->end;
			continue;
		}
		if (*scan->at == '*' || *scan->at == '|' || (unsigned char)*scan->at < 0x20) {
			scan_error(scan, scan->line,
				"a value with * or | or a control character must be in quotes");
			scan->at++;
			return;
		}
		scan->at++;
	}
	scan_take_word(scan, from);
}

static void scan_token(struct scan *scan)
{
	char c = *scan->at;
	char next = peek(scan, 1);
	if (c == '\n' || c == ' ' || c == '\t' || c == '\r')
		blank(scan);
	else if (c == '#' || (c == '/' && next == '/'))
		scan_line_comment(scan);
	else if (c == '/' && next == '*')
		scan_block_comment(scan);
	else if (c == '"' || c == '\'')
		scan_string(scan, c);
	else if (scan->place == PLACE_INCLUDED)
		scan_refuse_include(scan);
	else if (c == '{')
		scan_take_open(scan);
	else if (c == '}')
		scan_take_close(scan);
	else if (c == '=' || (c == '+' && next == '='))
		scan_take_equal(scan, c == '+' ? 2 : 1);
	else if (c == ',')
		scan_take_comma(scan);
	else if (c == '+' || c == '(' || c == ')')
		scan_take_odd(scan);
	else
		scan_word(scan);
}

void config_scan_begin(
	struct scan *scan, char *text, size_t size, unsigned line, struct config_report *report)
{
	*scan = (struct scan){
		.at = text, .begin = text, .end = text + size, .line = line, .report = report};
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		memset(text, ' ', 3); /* a byte order mark */
	const char *nul = memchr(text, '\0', size);
	if (!nul)
		return;
	for (const char *at = text; at < nul; at++)
		line += *at == '\n';
	scan_stop(scan, line, "a NUL byte: this is no text file");
}

bool config_scan_next(struct scan *scan)
{
	scan->included.text = NULL;
	while (scan->at < scan->end && !scan->included.text)
		scan_token(scan);
	if (scan->included.text)
		return true;
	scan_take_end(scan);
	return false;
}

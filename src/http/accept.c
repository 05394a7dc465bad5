/* SPDX-License-Identifier: MIT */
/*
 * Negotiation must not surprise. A client that sends no Accept, or only wildcards, gets a format
 * that every client shows; newer formats are for clients that name them. An Accept that matches
 * nothing is disregarded, as RFC 9110 §12.5.1 allows, because another format is of more use than a
 * refusal. Only q=0 excludes a format.
 */
#include "src/http/accept.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/digits.h"

enum { NOT_MENTIONED = -1 };

struct range {
	const char *type;
	size_t type_len;
	const char *subtype;
	size_t subtype_len;
	const char *parameter; /* the first one before q, "name=value"; NULL: there is none */
	size_t parameter_len;
	int q; /* thousandths */
};

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_token(const char *at, const char *end)
{
	while (at < end && is_token_char(*at))
		at++;
	return at;
}

/* Returns what is behind the quoted-string at `at`, NULL when it has no end. */
static const char *skip_quoted(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at == '"')
			return at + 1;
		if (*at == '\\')
			at++;
	}
	return NULL;
}

/* Reads a weight such as 0, 0.5, 1.000 (RFC 9110 §12.4.2), in thousandths; -1 when malformed. */
static int parse_q(const char *at, const char *end)
{
	if (at == end || (*at != '0' && *at != '1'))
		return -1;
	int q = (*at++ - '0') * 1000;
	if (at == end)
		return q;
	static const int units[] = {0, 100, 10, 1};
	uint64_t fraction;
	if (*at++ != '.' || end - at > 3)
		return -1;
	size_t places = digits_read(&at, (size_t)(end - at), &fraction);
	q += (int)fraction * units[places];
	return at == end && q <= 1000 ? q : -1;
}

/* Reads ";name=value" up to end. False when that is malformed. */
static bool parse_parameters(const char *at, const char *end, struct range *range)
{
	bool weighted = false;
	for (at = skip_space(at, end); at < end; at = skip_space(at, end)) {
		if (*at++ != ';')
			return false;
		const char *name = at = skip_space(at, end);
		const char *name_end = at = skip_token(at, end);
		if (name == name_end)
			continue;
		const char *value = at;
		if (at < end && *at == '=') {
			value = ++at;
			at = at < end && *at == '"' ? skip_quoted(at, end) : skip_token(at, end);
			if (!at || at == value)
				return false;
		} else if (!weighted) {
			return false;
		}
		if (weighted)
			continue;
		if (name_end - name != 1 || (*name != 'q' && *name != 'Q')) {
			if (!range->parameter) {
				range->parameter = name;
				range->parameter_len = (size_t)(at - name);
			}
			continue;
		}
		range->q = parse_q(value, at);
		if (range->q < 0)
			return false;
		weighted = true;
	}
	return true;
}

static bool parse_range(const char *at, const char *end, struct range *range)
{
	at = skip_space(at, end);
	range->type = at;
	at = skip_token(at, end);
	range->type_len = (size_t)(at - range->type);
	if (range->type_len == 0 || at == end || *at != '/')
		return false;
	range->subtype = ++at;
	at = skip_token(at, end);
	range->subtype_len = (size_t)(at - range->subtype);
	range->q = 1000;
	range->parameter = NULL;
	range->parameter_len = 0;
	return range->subtype_len > 0 && parse_parameters(at, end, range);
}

/* The end of the list's element at `at`: a comma that is not within quotes. */
static const char *find_comma(const char *at)
{
	const char *end = at + strlen(at);
	while (at < end && *at != ',') {
		const char *behind = *at == '"' ? skip_quoted(at, end) : at + 1;
		at = behind ? behind : end;
	}
	return at;
}

static bool is(const char *text, size_t len, const char *word, size_t word_len)
{
	return len == word_len && !strncasecmp(text, word, len);
}

/* 3: named, 2: its type with any subtype, 1: any, 0: does not match. A range with a media parameter
 * never does: no format has one. */
static int specificity(const struct range *range, enum media_type format)
{
	if (range->parameter)
		return 0;
	const char *type = media_content_type(format);
	size_t len = strcspn(type, "/");
	const char *subtype = type + len + 1;
	if (is(range->type, range->type_len, "*", 1))
		return is(range->subtype, range->subtype_len, "*", 1) ? 1 : 0;
	if (!is(range->type, range->type_len, type, len))
		return 0;
	if (is(range->subtype, range->subtype_len, "*", 1))
		return 2;
	return is(range->subtype, range->subtype_len, subtype, strlen(subtype)) ? 3 : 0;
}

/* The weight of the most specific range that matches, NOT_MENTIONED when none does. */
static int weigh(const char *accept, enum media_type format, int *specific)
{
	int q = NOT_MENTIONED;
	*specific = 0;
	while (*accept) {
		const char *end = find_comma(accept);
		struct range range;
		if (parse_range(accept, end, &range)) {
			int match = specificity(&range, format);
			if (match > *specific || (match && match == *specific && range.q > q)) {
				*specific = match;
				q = range.q;
			}
		}
		accept = end + (*end == ',');
	}
	return q;
}

static bool is_universal(enum media_type format)
{
	return format == MEDIA_JPEG || format == MEDIA_PNG || format == MEDIA_GIF ||
	       format == MEDIA_MP4 || format == MEDIA_MP3;
}

/* Thousandths within four classes, best first; 0: refused. */
static int rank(const char *accept, enum media_type format)
{
	if (!accept || !*skip_space(accept, accept + strlen(accept)))
		accept = "*/*";
	int specific, q = weigh(accept, format, &specific);
	bool universal = is_universal(format);
	if (q == 0)
		return 0;
	return q == NOT_MENTIONED	    ? (universal ? 2000 : 1)
	       : universal || specific == 3 ? 6000 + q
					    : 4000 + q;
}

bool http_accepts(const char *accept, enum media_type format)
{
	return rank(accept, format) > 6000;
}

int http_negotiate(const char *accept, const enum media_type *formats, size_t count)
{
	int best = -1, best_rank = 0;
	for (size_t i = 0; i < count; i++) {
		int this_rank = rank(accept, formats[i]);
		if (this_rank > best_rank) {
			best_rank = this_rank;
			best = (int)i;
		}
	}
	return best;
}

static bool is_named(const struct range *range, const char *type, const char *parameter)
{
	size_t len = strcspn(type, "/");
	if (!is(range->type, range->type_len, type, len) ||
		!is(range->subtype, range->subtype_len, type + len + 1, strlen(type + len + 1)))
		return false;
	return !parameter || (range->parameter && is(range->parameter, range->parameter_len,
							  parameter, strlen(parameter)));
}

int http_weight(const char *accept, const char *type, const char *parameter)
{
	int q = -1;
	while (accept && *accept) {
		const char *end = find_comma(accept);
		struct range range;
		if (parse_range(accept, end, &range) && is_named(&range, type, parameter) &&
			range.q > q)
			q = range.q;
		accept = end + (*end == ',');
	}
	return q;
}

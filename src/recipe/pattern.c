/* SPDX-License-Identifier: MIT */
/*
 * A hole takes as little as lets the rest match. A simple matcher would backtrack, and the client
 * chooses the path. Therefore the first pass goes from the end of the path to its beginning and
 * computes for every position which tokens can match from there, one bit a token. The second pass
 * cuts each hole without trying.
 */
#include "base/text.h"
#include "src/recipe/pattern.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_MAX = 2 * PATTERN_HOLES_MAX + 1, PATH_MAX_BYTES = 8192 };

enum token_kind { TOKEN_LITERAL, TOKEN_HOLE, TOKEN_SOURCE };

struct token {
	enum token_kind kind;
	const char *text; /* the literal, or the hole's name */
	size_t len;
};

struct pattern {
	char *text;
	char *names; /* the holes' names, each with its NUL */
	size_t count;
	struct token tokens[TOKENS_MAX];
};

/* reach[p] bit i: tokens i… match the path from p to its end. */
typedef uint64_t reach_set;

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || !isalpha((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

static bool has_hole(const struct pattern *pattern, const char *name)
{
	for (size_t i = 0; i < pattern->count; i++)
		if (pattern->tokens[i].kind != TOKEN_LITERAL &&
			!strcmp(pattern->tokens[i].text, name))
			return true;
	return false;
}

/* Appends the hole that begins behind the brace at text, and stores its name at *at. Returns the
 * text behind the closing brace, or NULL. */
static const char *add_hole(
	struct pattern *pattern, const char *text, size_t *holes, char **at, struct text *error)
{
	size_t len = strcspn(text, "{}");
	if (text[len] != '}' || !is_name(text, len)) {
		text_puts(error, "path: a hole is {name}");
		return NULL;
	}
	if (pattern->count > 0 && pattern->tokens[pattern->count - 1].kind != TOKEN_LITERAL) {
		text_puts(error, "path: two holes need text between them");
		return NULL;
	}
	if (++*holes > PATTERN_HOLES_MAX) {
		text_printf(error, "path: more than %d holes", PATTERN_HOLES_MAX);
		return NULL;
	}
	char *name = *at;
	memcpy(name, text, len);
	name[len] = '\0';
	*at += len + 1;
	if (has_hole(pattern, name)) {
		text_printf(error, "path: {%.40s} stands more than once", name);
		return NULL;
	}
	bool source = !strcmp(name, "source");
	const struct token *before = pattern->count ? &pattern->tokens[pattern->count - 1] : NULL;
	if (source && before && before->text[before->len - 1] != '/') {
		text_puts(error, "path: {source} must stand behind a /");
		return NULL;
	}
	pattern->tokens[pattern->count++] =
		(struct token){source ? TOKEN_SOURCE : TOKEN_HOLE, name, len};
	return text + len + 1;
}

static bool compile(struct pattern *pattern, struct text *error)
{
	const char *text = pattern->text;
	char *at = pattern->names;
	size_t holes = 0;
	if (text[0] != '/') {
		text_puts(error, "path: must begin with /");
		return false;
	}
	while (*text) {
		size_t len = strcspn(text, "{}");
		if (len > 0) {
			pattern->tokens[pattern->count++] =
				(struct token){TOKEN_LITERAL, text, len};
			text += len;
		} else if (*text == '}') {
			text_puts(error, "path: a } without {");
			return false;
		} else if (!(text = add_hole(pattern, text + 1, &holes, &at, error))) {
			return false;
		}
	}
	if (!has_hole(pattern, "source")) {
		text_puts(error, "path: needs {source}");
		return false;
	}
	return true;
}

struct pattern *pattern_new(const char *text, char *error, size_t error_size)
{
	struct text line;
	text_init(&line, error, error_size);
	struct pattern *pattern = calloc(1, sizeof *pattern);
	if (pattern) {
		pattern->text = strdup(text);
		/* Every name loses its two braces and gains a NUL. */
		pattern->names = malloc(strlen(text) + 1);
	}
	if (!pattern || !pattern->text || !pattern->names)
		text_puts(&line, "path: out of memory");
	else if (strlen(text) > PATH_MAX_BYTES)
		text_puts(&line, "path: too long");
	else if (compile(pattern, &line))
		return pattern;
	pattern_free(pattern);
	return NULL;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	free(pattern->text);
	free(pattern->names);
	free(pattern);
}

const char *pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

size_t pattern_holes(const struct pattern *pattern, const char *names[PATTERN_HOLES_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < pattern->count; i++)
		if (pattern->tokens[i].kind == TOKEN_HOLE)
			names[count++] = pattern->tokens[i].text;
	return count;
}

static bool has_bit(reach_set set, size_t bit)
{
	return set >> bit & 1;
}

/* {source} has whole segments, none of them empty. inside[0], inside[1] and inside[2] say whether a
 * source can go on from this position, from the next, and from the one after it. */
static void find_reach(
	const struct pattern *pattern, const char *path, size_t len, reach_set reach[])
{
	bool inside[3] = {false};
	reach[len] = (reach_set)1 << pattern->count;
	for (size_t p = len; p-- > 0;) {
		inside[2] = inside[1];
		inside[1] = inside[0];
		inside[0] = false;
		reach_set set = 0;
		for (size_t i = 0; i < pattern->count; i++) {
			const struct token *token = &pattern->tokens[i];
			bool can = false;
			if (token->kind == TOKEN_LITERAL)
				can = token->len <= len - p &&
				      !memcmp(path + p, token->text, token->len) &&
				      has_bit(reach[p + token->len], i + 1);
			else if (path[p] == '/')
				can = false;
			else if (token->kind == TOKEN_HOLE)
				can = has_bit(reach[p + 1], i + 1) || has_bit(reach[p + 1], i);
			else
				can = inside[0] = has_bit(reach[p + 1], i + 1) || inside[1] ||
						  (path[p + 1] == '/' && inside[2]);
			if (can)
				set |= (reach_set)1 << i;
		}
		reach[p] = set;
	}
}

/* The end of the hole that begins at p. */
static size_t cut(const char *path, size_t p, size_t next, bool source, const reach_set reach[])
{
	size_t best = 0;
	for (size_t end = p + 1;; end++) {
		if (path[end - 1] != '/' && has_bit(reach[end], next)) {
			best = end;
			if (!source)
				return best;
		}
		if (!path[end] || (path[end] == '/' && (!source || path[end - 1] == '/')))
			return best;
	}
}

bool pattern_matches(const struct pattern *pattern, const char *path, struct pattern_match *match)
{
	reach_set reach[PATH_MAX_BYTES + 1];
	match->count = 0;
	size_t len = strnlen(path, PATH_MAX_BYTES + 1);
	if (len == 0 || len > PATH_MAX_BYTES)
		return false;
	find_reach(pattern, path, len, reach);
	if (!has_bit(reach[0], 0))
		return false;
	char *at = match->storage;
	size_t p = 0;
	for (size_t i = 0; i < pattern->count; i++) {
		const struct token *token = &pattern->tokens[i];
		if (token->kind == TOKEN_LITERAL) {
			p += token->len;
			continue;
		}
		size_t end = cut(path, p, i + 1, token->kind == TOKEN_SOURCE, reach);
		match->holes[match->count].name = token->text;
		match->holes[match->count++].value = at;
		memcpy(at, path + p, end - p);
		at += end - p;
		*at++ = '\0';
		p = end;
	}
	return true;
}

const char *pattern_match_get(const struct pattern_match *match, const char *name)
{
	for (size_t i = 0; i < match->count; i++)
		if (!strcmp(match->holes[i].name, name))
			return match->holes[i].value;
	return NULL;
}

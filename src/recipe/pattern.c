/* SPDX-License-Identifier: MIT */
/*
 * A hole takes as little as lets the rest match. A simple matcher would backtrack, and the client
 * chooses the path. Therefore the first pass goes from the end of the path to its beginning and
 * computes for every position which tokens can match from there, one bit a token. The second pass
 * cuts each hole without trying.
 *
 * The path is held against the pattern of each recipe in turn, and most do not match. So the
 * literals are looked for before the two passes, the first one first; and a pattern whose only hole
 * is {source} needs no passes.
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

/* One bit a token. */
typedef uint64_t token_set;

struct pattern {
	char *text;
	char *names;	 /* the holes' names, each with its NUL */
	size_t source;	 /* the index of its token */
	token_set holes; /* the others */
	size_t count;
	struct token tokens[TOKENS_MAX]; /* a literal, a hole, a literal, … */
};

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
		text_puts(error, "path: a hole is {name}: closed, of letters, digits, - and _");
		return NULL;
	}
	if (pattern->count > 0 && pattern->tokens[pattern->count - 1].kind != TOKEN_LITERAL) {
		text_puts(error, "path: two holes need text between them, such as {size}/{source}");
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
		text_puts(error, "path: {source} must stand behind a /, such as /thumb/{source}");
		return NULL;
	}
	if (source)
		pattern->source = pattern->count;
	else
		pattern->holes |= (token_set)1 << pattern->count;
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
		text_puts(error, "path: must begin with /, such as /thumb/{source}");
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
		text_puts(error, "path: needs {source}, such as /thumb/{source}");
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

static bool has_bit(token_set set, size_t bit)
{
	return set >> bit & 1;
}

/* Whether the path, which begins with the first literal, has the last one at its end and, in their
 * order, those between. */
static bool has_literals(const struct pattern *pattern, const char *path, size_t len)
{
	const struct token *first = &pattern->tokens[0];
	const struct token *last = &pattern->tokens[pattern->count - 1];
	size_t tail = last->kind == TOKEN_LITERAL ? last->len : 0;
	if (len < first->len + tail || memcmp(path + len - tail, last->text, tail) != 0)
		return false;
	const char *at = path + first->len, *end = path + len - tail;
	for (const struct token *token = first + 2; token < last; token += 2) {
		at = memmem(at, (size_t)(end - at), token->text, token->len);
		if (!at)
			return false;
		at += token->len;
	}
	return true;
}

/* Whole segments, none of them empty. */
static bool is_source(const char *text, size_t len)
{
	return len > 0 && text[0] != '/' && text[len - 1] != '/' && !memmem(text, len, "//", 2);
}

/* For every byte with which literals begin: which ones these are. */
static void find_beginnings(const struct pattern *pattern, token_set begins[256])
{
	memset(begins, 0, 256 * sizeof *begins);
	for (size_t i = 0; i < pattern->count; i += 2)
		begins[(unsigned char)pattern->tokens[i].text[0]] |= (token_set)1 << i;
}

/* Which of these literals, up to the end of the path, match at p. */
static token_set match_literals(const struct pattern *pattern, const char *path, size_t left,
	token_set candidates, const token_set reach[])
{
	token_set set = 0;
	for (; candidates; candidates &= candidates - 1) {
		size_t i = (size_t)__builtin_ctzll(candidates);
		const struct token *token = &pattern->tokens[i];
		if (token->len <= left && has_bit(reach[token->len], i + 1) &&
			!memcmp(path, token->text, token->len))
			set |= (token_set)1 << i;
	}
	return set;
}

/* reach[p]: the tokens from which on the pattern matches the path from p to its end. {source} has
 * whole segments, none of them empty. inside[0], inside[1] and inside[2] say whether a source can
 * go on from this position, from the next, and from the one after it. */
static void find_reach(
	const struct pattern *pattern, const char *path, size_t len, token_set reach[])
{
	const token_set source = (token_set)1 << pattern->source;
	bool inside[3] = {false};
	token_set begins[256];
	find_beginnings(pattern, begins);
	reach[len] = (token_set)1 << pattern->count;
	for (size_t p = len; p-- > 0;) {
		const token_set next = reach[p + 1];
		inside[2] = inside[1];
		inside[1] = inside[0];
		inside[0] = false;
		token_set set = match_literals(
			pattern, path + p, len - p, begins[(unsigned char)path[p]], reach + p);
		if (path[p] != '/') {
			set |= pattern->holes & (next >> 1 | next);
			inside[0] = has_bit(next, pattern->source + 1) || inside[1] ||
				    (path[p + 1] == '/' && inside[2]);
			set |= inside[0] ? source : 0;
		}
		reach[p] = set;
	}
}

/* The end of the hole that begins at p. */
static size_t cut(const char *path, size_t p, size_t next, bool source, const token_set reach[])
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

/* Stores the value of the next hole at *at. */
static void put_hole(
	struct pattern_match *match, const char *name, const char *value, size_t len, char **at)
{
	match->holes[match->count].name = name;
	match->holes[match->count++].value = *at;
	memcpy(*at, value, len);
	*at += len;
	*(*at)++ = '\0';
}

static bool match_holes(
	const struct pattern *pattern, const char *path, size_t len, struct pattern_match *match)
{
	token_set reach[PATH_MAX_BYTES + 1];
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
		put_hole(match, token->text, path + p, end - p, &at);
		p = end;
	}
	return true;
}

bool pattern_matches(const struct pattern *pattern, const char *path, struct pattern_match *match)
{
	match->count = 0;
	if (strncmp(path, pattern->tokens[0].text, pattern->tokens[0].len) != 0)
		return false;
	size_t len = strnlen(path, PATH_MAX_BYTES + 1);
	if (len > PATH_MAX_BYTES || !has_literals(pattern, path, len))
		return false;
	if (pattern->holes)
		return match_holes(pattern, path, len, match);
	const char *source = path + pattern->tokens[0].len;
	len -= pattern->tokens[0].len;
	if (pattern->count > 2)
		len -= pattern->tokens[2].len;
	if (!is_source(source, len))
		return false;
	char *at = match->storage;
	put_hole(match, pattern->tokens[1].text, source, len, &at);
	return true;
}

const char *pattern_match_get(const struct pattern_match *match, const char *name)
{
	for (size_t i = 0; i < match->count; i++)
		if (!strcmp(match->holes[i].name, name))
			return match->holes[i].value;
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Escapes are decoded only here, and each byte once, so what is checked afterwards is what is used.
 * SCRIPT_NAME, PATH_INFO and similar parameters are not used, because each web server decodes and
 * merges them in its own way.
 */
#include "src/http/query.h"

#include <string.h>

#include "base/digits.h"

struct decoder {
	struct query *query;
	char *at; /* where the next decoded byte goes */
	const char **why;
};

static enum query_error refuse(struct decoder *decoder, enum query_error error, const char *why)
{
	*decoder->why = why;
	return error;
}

/* Decodes text[0 … len) to decoder->at and puts a NUL behind it. */
static enum query_error decode(
	struct decoder *decoder, const char *text, size_t len, bool path, const char **out)
{
	*out = decoder->at;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '+' && !path)
			c = ' ';
		if (c == '%') {
			bool whole = len - i > 2;
			int high = whole ? digits_hex_value(text[i + 1]) : -1;
			int low = whole ? digits_hex_value(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return refuse(decoder, QUERY_E_MALFORMED, "bad escape in the URL");
			c = (char)(high << 4 | low);
			i += 2;
			if (c == '\0')
				return refuse(decoder, QUERY_E_MALFORMED, "%00 in the URL");
			if (c == '/' && path)
				return refuse(
					decoder, QUERY_E_SEGMENT, "encoded slash in the path");
		}
		*decoder->at++ = c;
	}
	*decoder->at++ = '\0';
	return QUERY_OK;
}

static enum query_error add_pair(struct decoder *decoder, const char *text, size_t len)
{
	struct query *query = decoder->query;
	if (query->count == QUERY_PAIRS_MAX)
		return refuse(decoder, QUERY_E_TOO_LONG, "too many parameters");
	struct query_pair *pair = &query->pairs[query->count++];
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	enum query_error error = decode(decoder, text, name_len, false, &pair->name);
	pair->value = "";
	if (error || !equals)
		return error;
	return decode(decoder, equals + 1, len - name_len - 1, false, &pair->value);
}

static enum query_error parse_pairs(struct decoder *decoder, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "&");
		enum query_error error = len > 0 ? add_pair(decoder, text, len) : QUERY_OK;
		if (error)
			return error;
		text += len;
		text += *text == '&';
	}
	return QUERY_OK;
}

/* The path and query of scheme://authority/path, or uri itself when it is none. */
static const char *skip_authority(const char *uri)
{
	size_t scheme =
		strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	if (scheme == 0 || strncmp(uri + scheme, "://", 3))
		return uri;
	const char *authority = uri + scheme + 3;
	return authority + strcspn(authority, "/?#");
}

static bool has_control(const char *uri)
{
	for (; *uri; uri++)
		if ((unsigned char)*uri < 0x20 || *uri == 0x7f)
			return true;
	return false;
}

/* "." or ".." as a segment. A web server that decides by the path, as a prefix say, would have
 * decided about another one. */
static bool has_dots(const char *path)
{
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		at += strspn(at, "/");
		size_t length = strcspn(at, "/");
		if ((length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
			return true;
	}
	return false;
}

enum query_error query_parse(const char *uri, struct query *query, const char **why)
{
	struct decoder decoder = {.query = query, .at = query->storage, .why = why};
	query->path = "/";
	query->count = 0;
	if (strnlen(uri, QUERY_URI_MAX + 1) > QUERY_URI_MAX)
		return refuse(&decoder, QUERY_E_TOO_LONG, "the URL is too long");
	if (has_control(uri))
		return refuse(&decoder, QUERY_E_MALFORMED, "control character in the URL");
	if (strchr(uri, '#'))
		return refuse(&decoder, QUERY_E_MALFORMED, "# in the URL");
	const char *path = skip_authority(uri);
	size_t len = strcspn(path, "?");
	bool absolute = path != uri;
	if (*path != '/' && !(absolute && len == 0))
		return refuse(&decoder, QUERY_E_MALFORMED, "the path does not begin with /");
	if (len > 0) {
		enum query_error error = decode(&decoder, path, len, true, &query->path);
		if (error)
			return error;
	}
	if (has_dots(query->path))
		return refuse(&decoder, QUERY_E_SEGMENT, "a segment of dots in the path");
	return path[len] == '?' ? parse_pairs(&decoder, path + len + 1) : QUERY_OK;
}

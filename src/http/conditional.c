/* SPDX-License-Identifier: MIT */
/*
 * A field that cannot be read is treated as RFC 9110 says for its kind: a broken date or range
 * counts as absent, and a broken list of tags matches as far as it can be read.
 */
#include "src/http/conditional.h"

#include <string.h>
#include <strings.h>

#include "base/digits.h"
#include "src/http/date.h"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Reads one entity-tag (§8.8.3) at *at, and moves *at behind it. *length does not count W/. NULL
 * when there is none. */
static const char *next_tag(const char **at, size_t *length, bool *weak)
{
	const char *from = *at;
	*weak = from[0] == 'W' && from[1] == '/';
	from += *weak ? 2 : 0;
	const char *end = *from == '"' ? strchr(from + 1, '"') : NULL;
	if (!end)
		return NULL;
	*length = (size_t)(end - from) + 1;
	*at = end + 1;
	return from;
}

/* Whether the field has the tag. strong (§8.8.3.2): a weak tag matches nothing. */
static bool lists(const char *field, const char *etag, bool strong)
{
	const char *at = skip_blanks(field);
	if (*at == '*')
		return *skip_blanks(at + 1) == '\0';
	const bool own_weak = etag[0] == 'W';
	etag += own_weak ? 2 : 0;
	size_t wanted = strlen(etag);
	for (;;) {
		at += strspn(at, " \t,");
		size_t length;
		bool weak;
		const char *tag = next_tag(&at, &length, &weak);
		if (!tag)
			return false;
		if (length == wanted && !memcmp(tag, etag, wanted) &&
			!(strong && (weak || own_weak)))
			return true;
		at = skip_blanks(at);
		if (*at != ',')
			return false;
	}
}

/* A date is compared for equality: a source may have been replaced by an older file, and a client
 * only knows the date that it was given (RFC 9110 §13.1.3 allows that). */
enum http_precondition http_check(
	const struct http_conditions *conditions, const char *etag, time_t modified)
{
	time_t date;
	if (conditions->if_match) {
		if (!lists(conditions->if_match, etag, true))
			return HTTP_PRECONDITION_FAILED;
	} else if (conditions->if_unmodified_since) {
		date = http_date_parse(conditions->if_unmodified_since);
		if (date != -1 && modified != date)
			return HTTP_PRECONDITION_FAILED;
	}
	if (conditions->if_none_match)
		return lists(conditions->if_none_match, etag, false) ? HTTP_NOT_MODIFIED
								     : HTTP_PROCEED;
	if (conditions->if_modified_since) {
		date = http_date_parse(conditions->if_modified_since);
		if (date != -1 && modified == date)
			return HTTP_NOT_MODIFIED;
	}
	return HTTP_PROCEED;
}

enum http_range_status http_range_parse(const char *field, uint64_t size, struct http_range *range)
{
	static const char unit[] = "bytes=";
	if (!field || strncasecmp(field, unit, sizeof unit - 1) != 0)
		return HTTP_RANGE_NONE;
	const char *at = skip_blanks(field + sizeof unit - 1);
	uint64_t first, last;
	bool has_first = digits_read(&at, SIZE_MAX, &first) > 0;
	if (*at++ != '-')
		return HTTP_RANGE_NONE;
	bool has_last = digits_read(&at, SIZE_MAX, &last) > 0;
	if (*skip_blanks(at) != '\0' || (!has_first && !has_last) ||
		(has_first && has_last && last < first))
		return HTTP_RANGE_NONE;
	if (!has_first) { /* a suffix: the last bytes */
		if (last == 0 || size == 0)
			return HTTP_RANGE_OUTSIDE;
		first = last < size ? size - last : 0;
		last = size - 1;
	}
	if (first >= size)
		return HTTP_RANGE_OUTSIDE;
	if ((!has_last && has_first) || last >= size)
		last = size - 1;
	*range = (struct http_range){.first = first, .length = last - first + 1};
	return HTTP_RANGE_GOOD;
}

bool http_if_range(const char *field, const char *etag)
{
	if (!field)
		return true;
	const char *at = skip_blanks(field);
	size_t length;
	bool weak;
	const char *tag = next_tag(&at, &length, &weak);
	return tag && !weak && *skip_blanks(at) == '\0' && length == strlen(etag) &&
	       !memcmp(tag, etag, length);
}

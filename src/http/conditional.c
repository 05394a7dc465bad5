/* SPDX-License-Identifier: MIT */
/*
 * Preconditions and ranges. A field that cannot be read is treated as RFC 9110 says for its kind: a
 * broken date or range counts as absent, a broken list of tags matches as far as it could be read.
 */
#include "src/http/http.h"

#include <string.h>

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* One entity-tag (§8.8.3) at *at, which moves behind it; NULL when there is none. *length is
 * without W/. */
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

/* strong: §8.8.3.2; a weak tag then matches nothing. */
static bool lists(const char *field, const char *etag, bool strong)
{
	const char *at = skip_blanks(field);
	if (*at == '*')
		return *skip_blanks(at + 1) == '\0';
	size_t wanted = strlen(etag);
	for (;;) {
		at += strspn(at, " \t,");
		size_t length;
		bool weak;
		const char *tag = next_tag(&at, &length, &weak);
		if (!tag)
			return false;
		if (length == wanted && !memcmp(tag, etag, wanted) && !(strong && weak))
			return true;
		at = skip_blanks(at);
		if (*at != ',')
			return false;
	}
}

enum http_verdict http_check(
	const struct http_conditions *conditions, const char *etag, time_t modified)
{
	time_t date;
	if (conditions->if_match) {
		if (!lists(conditions->if_match, etag, true))
			return HTTP_PRECONDITION_FAILED;
	} else if (conditions->if_unmodified_since) {
		date = http_date_parse(conditions->if_unmodified_since);
		if (date != -1 && modified > date)
			return HTTP_PRECONDITION_FAILED;
	}
	if (conditions->if_none_match)
		return lists(conditions->if_none_match, etag, false) ? HTTP_NOT_MODIFIED
								     : HTTP_PROCEED;
	if (conditions->if_modified_since) {
		date = http_date_parse(conditions->if_modified_since);
		if (date != -1 && modified <= date)
			return HTTP_NOT_MODIFIED;
	}
	return HTTP_PROCEED;
}

/* Digits at *at; a number that does not fit is the largest. False when there are none. */
static bool read_number(const char **at, uint64_t *number)
{
	const char *from = *at;
	*number = 0;
	for (; **at >= '0' && **at <= '9'; ++*at) {
		uint64_t digit = (uint64_t)(**at - '0');
		*number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
	}
	return *at > from;
}

enum http_range_verdict http_range_parse(const char *field, uint64_t size, struct http_range *range)
{
	static const char unit[] = "bytes=";
	if (!field || strncmp(field, unit, sizeof unit - 1) != 0)
		return HTTP_RANGE_NONE;
	const char *at = skip_blanks(field + sizeof unit - 1);
	uint64_t first, last;
	bool has_first = read_number(&at, &first);
	if (*at++ != '-')
		return HTTP_RANGE_NONE;
	bool has_last = read_number(&at, &last);
	if (*skip_blanks(at) != '\0' || (!has_first && !has_last) ||
		(has_first && has_last && last < first))
		return HTTP_RANGE_NONE;
	if (!has_first) { /* the last bytes of it */
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

bool http_if_range(const char *field, const char *etag, time_t modified, time_t now)
{
	/* A date only proves sameness when nothing else can have come in its second (§8.8.2.2). */
	enum { SURE_S = 60 };
	if (!field)
		return true;
	const char *at = skip_blanks(field);
	if (*at == '"' || (at[0] == 'W' && at[1] == '/')) {
		size_t length;
		bool weak;
		const char *tag = next_tag(&at, &length, &weak);
		return tag && !weak && *skip_blanks(at) == '\0' && length == strlen(etag) &&
		       !memcmp(tag, etag, length);
	}
	time_t date = http_date_parse(at);
	return date != -1 && date == modified && now - modified >= SURE_S;
}

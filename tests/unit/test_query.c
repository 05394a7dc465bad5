/* SPDX-License-Identifier: MIT */
/* The URI taken apart: path and pairs as "path|name=value|…", or the error and its words. */
#include "base/text.h"
#include "src/http/query.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static struct query query;

static void parses(void **state)
{
	(void)state;
	static const struct {
		const char *uri, *expected;
	} rows[] = {
		{"/", "/"},
		{"/1.jpg", "/1.jpg"},
		{"/1.jpg?", "/1.jpg"},
		{"/1.jpg?size=300x200", "/1.jpg|size=300x200"},
		{"/a?b", "/a|b="},
		{"/a?b=", "/a|b="},
		{"/a?b=c=d", "/a|b=c=d"},
		{"/a?=c", "/a|=c"},
		{"/a?=", "/a|="},
		{"/a?&&b=1&&c=2&", "/a|b=1|c=2"},
		{"/a?b=1&b=2", "/a|b=1|b=2"},
		{"/a?b=c?d", "/a|b=c?d"},
		{"/a?b=c/d", "/a|b=c/d"},
		{"/a?b=c%2Fd", "/a|b=c/d"},
		{"/a%20b+c?d+e=f+g%2B", "/a b+c|d e=f g+"},
		{"/%61%C3%a4", "/a\xc3\xa4"},
		{"/%2561", "/%61"},
		{"/a?b=%2541%3d%26", "/a|b=%41=&"},
		{"/a%3Fb?c", "/a?b|c="},
		{"/a?b%3dc=d", "/a|b=c=d"},
		{"/%ff", "/\xff"},
		{"/\xc3\xa4", "/\xc3\xa4"},
		{"/a../..b/...", "/a../..b/..."},
		{"//a", "//a"},
		{"/http://x/y", "/http://x/y"},
		{"/%0a", "/\n"},
		{"http://example.org/a?b=c", "/a|b=c"},
		{"HTTPS://u@[::1]:8/a", "/a"},
		{"http://example.org", "/"},
		{"http://example.org?b", "/|b="},
		{"http:///a", "/a"},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		const char *why = NULL;
		char found[512];
		if (query_parse(rows[i].uri, &query, &why))
			fail_msg("%s: %s", rows[i].uri, why);
		struct text text;
		text_init(&text, found, sizeof found);
		text_puts(&text, query.path);
		for (size_t n = 0; n < query.count; n++)
			text_printf(&text, "|%s=%s", query.pairs[n].name, query.pairs[n].value);
		assert_string_equal(found, rows[i].expected);
		assert_null(why);
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *uri;
		enum query_error error;
		const char *why;
	} rows[] = {
		{"", QUERY_E_MALFORMED, "the path does not begin with /"},
		{"a", QUERY_E_MALFORMED, "the path does not begin with /"},
		{"?a=b", QUERY_E_MALFORMED, "the path does not begin with /"},
		{"*", QUERY_E_MALFORMED, "the path does not begin with /"},
		{"example.org:80", QUERY_E_MALFORMED, "the path does not begin with /"},
		{"://x/y", QUERY_E_MALFORMED, "the path does not begin with /"},
		{"/..", QUERY_E_SEGMENT, "a segment of dots in the path"},
		{"/a/../b", QUERY_E_SEGMENT, "a segment of dots in the path"},
		{"/a/%2e%2E/b", QUERY_E_SEGMENT, "a segment of dots in the path"},
		{"/a/.", QUERY_E_SEGMENT, "a segment of dots in the path"},
		{"/./a?x=1", QUERY_E_SEGMENT, "a segment of dots in the path"},
		{"/%", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/%4", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/%4?a", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/%zz", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/%+1", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/%u0041", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/a?b=%", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/a?b=%4&1", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/a?%4=1", QUERY_E_MALFORMED, "bad escape in the URL"},
		{"/%00", QUERY_E_MALFORMED, "%00 in the URL"},
		{"/a?b=%00", QUERY_E_MALFORMED, "%00 in the URL"},
		{"/a%2fb", QUERY_E_SEGMENT, "encoded slash in the path"},
		{"/a%2F..%2F", QUERY_E_SEGMENT, "encoded slash in the path"},
		{"/a\nb", QUERY_E_MALFORMED, "control character in the URL"},
		{"/a\x7f", QUERY_E_MALFORMED, "control character in the URL"},
		{"/a?b=\t", QUERY_E_MALFORMED, "control character in the URL"},
		{"/a#b", QUERY_E_MALFORMED, "# in the URL"},
		{"/a?b#", QUERY_E_MALFORMED, "# in the URL"},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		const char *why = NULL;
		if (query_parse(rows[i].uri, &query, &why) != rows[i].error)
			fail_msg("%s", rows[i].uri);
		assert_string_equal(why, rows[i].why);
	}
}

static void bounds(void **state)
{
	(void)state;
	char uri[QUERY_URI_MAX + 2];
	const char *why = NULL;
	memset(uri, 'a', sizeof uri);
	uri[0] = '/';
	uri[QUERY_URI_MAX] = '\0';
	assert_int_equal(query_parse(uri, &query, &why), QUERY_OK);
	assert_int_equal(strlen(query.path), QUERY_URI_MAX);
	uri[QUERY_URI_MAX] = 'a';
	uri[QUERY_URI_MAX + 1] = '\0';
	assert_int_equal(query_parse(uri, &query, &why), QUERY_E_TOO_LONG);
	assert_string_equal(why, "the URL is too long");

	/* As many pairs as fit, in the fewest bytes, and the longest value. */
	uri[1] = '?';
	for (size_t i = 0; i < QUERY_PAIRS_MAX; i++)
		memcpy(uri + 2 + 2 * i, "=&", 2);
	uri[QUERY_URI_MAX] = '\0';
	uri[2 + 2 * QUERY_PAIRS_MAX] = '\0';
	assert_int_equal(query_parse(uri, &query, &why), QUERY_OK);
	assert_int_equal(query.count, QUERY_PAIRS_MAX);
	uri[2 + 2 * QUERY_PAIRS_MAX] = 'a';
	assert_int_equal(query_parse(uri, &query, &why), QUERY_E_TOO_LONG);
	assert_string_equal(why, "too many parameters");
	uri[2 + 2 * QUERY_PAIRS_MAX - 1] = 'a';
	assert_int_equal(query_parse(uri, &query, &why), QUERY_OK);
	assert_int_equal(strlen(query.pairs[QUERY_PAIRS_MAX - 1].value),
		QUERY_URI_MAX - 2 - 2 * QUERY_PAIRS_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refused),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Preconditions and ranges: one row for each rule of RFC 9110 §13 and §14. */
#include "src/http/conditional.h"
#include "tests/unit/unit.h"

#define TAG "\"0123456789abcdef\""
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"
enum { MODIFIED = 784111777, PROCEED = HTTP_PROCEED, SAME = HTTP_NOT_MODIFIED };
enum { FAILED = HTTP_PRECONDITION_FAILED };

static void checks(void **state)
{
	(void)state;
	static const struct {
		struct http_conditions conditions;
		int verdict;
	} rows[] = {
		{{0}, PROCEED},
		{{.if_none_match = TAG}, SAME},
		{{.if_none_match = " \t" TAG " "}, SAME},
		{{.if_none_match = "W/" TAG}, SAME},
		{{.if_none_match = "*"}, SAME},
		{{.if_none_match = " * "}, SAME},
		{{.if_none_match = "*x"}, PROCEED},
		{{.if_none_match = "\"a\", W/\"b,c\" ,, " TAG ", \"d\""}, SAME},
		{{.if_none_match = "\"a\",\"b\""}, PROCEED},
		{{.if_none_match = "\"a\" " TAG}, PROCEED},
		{{.if_none_match = "0123456789abcdef"}, PROCEED},
		{{.if_none_match = "\"0123456789ABCDEF\""}, PROCEED},
		{{.if_none_match = "\"0123456789abcdef"}, PROCEED},
		{{.if_none_match = "\"x" TAG}, PROCEED},
		{{.if_none_match = ""}, PROCEED},
		{{.if_none_match = ",,,"}, PROCEED},
		{{.if_none_match = "w/" TAG}, PROCEED},
		{{.if_none_match = "\"a\"", .if_modified_since = AFTER}, PROCEED},
		{{.if_none_match = TAG, .if_modified_since = BEFORE}, SAME},
		{{.if_modified_since = DATE}, SAME},
		{{.if_modified_since = AFTER}, PROCEED},
		{{.if_modified_since = BEFORE}, PROCEED},
		{{.if_modified_since = "Sunday, 06-Nov-94 08:49:37 GMT"}, SAME},
		{{.if_modified_since = "yesterday"}, PROCEED},
		{{.if_match = TAG}, PROCEED},
		{{.if_match = "*"}, PROCEED},
		{{.if_match = "\"a\", " TAG}, PROCEED},
		{{.if_match = "W/" TAG}, FAILED},
		{{.if_match = "\"a\""}, FAILED},
		{{.if_match = "W/\"a\", \"b\"", .if_none_match = TAG}, FAILED},
		{{.if_match = TAG, .if_none_match = TAG}, SAME},
		{{.if_match = TAG, .if_unmodified_since = BEFORE}, PROCEED},
		{{.if_unmodified_since = BEFORE}, FAILED},
		{{.if_unmodified_since = AFTER}, FAILED},
		{{.if_unmodified_since = DATE}, PROCEED},
		{{.if_unmodified_since = "never"}, PROCEED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int verdict = http_check(&rows[i].conditions, TAG, MODIFIED);
		if (verdict != rows[i].verdict)
			fail_msg("row %zu: %d", i, verdict);
	}
}

static void checks_a_weak_tag(void **state)
{
	(void)state;
	static const struct {
		struct http_conditions conditions;
		int verdict;
	} rows[] = {
		{{.if_none_match = "W/" TAG}, SAME},
		{{.if_none_match = TAG}, SAME},
		{{.if_none_match = "W/\"a\""}, PROCEED},
		{{.if_match = "W/" TAG}, FAILED},
		{{.if_match = TAG}, FAILED},
		{{.if_match = "*"}, PROCEED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int verdict = http_check(&rows[i].conditions, "W/" TAG, MODIFIED);
		if (verdict != rows[i].verdict)
			fail_msg("row %zu: %d", i, verdict);
	}
}

static void parses_ranges(void **state)
{
	(void)state;
	enum { NONE = HTTP_RANGE_NONE, GOOD = HTTP_RANGE_GOOD, OUTSIDE = HTTP_RANGE_OUTSIDE };
	static const struct {
		const char *field;
		uint64_t size;
		int verdict;
		uint64_t first, length;
	} rows[] = {
		{NULL, 100, NONE, 0, 0},
		{"bytes=0-0", 100, GOOD, 0, 1},
		{"Bytes=0-0", 100, GOOD, 0, 1},
		{"bytes=0-", 100, GOOD, 0, 100},
		{"bytes=10-19", 100, GOOD, 10, 10},
		{"bytes= 10-19 ", 100, GOOD, 10, 10},
		{"bytes=99-", 100, GOOD, 99, 1},
		{"bytes=90-1000", 100, GOOD, 90, 10},
		{"bytes=0-18446744073709551615", 100, GOOD, 0, 100},
		{"bytes=0-99999999999999999999999", 100, GOOD, 0, 100},
		{"bytes=-1", 100, GOOD, 99, 1},
		{"bytes=-100", 100, GOOD, 0, 100},
		{"bytes=-101", 100, GOOD, 0, 100},
		{"bytes=-99999999999999999999999", 100, GOOD, 0, 100},
		{"bytes=4294967296-4294967297", UINT64_C(1) << 33, GOOD, UINT64_C(1) << 32, 2},
		{"bytes=100-", 100, OUTSIDE, 0, 0},
		{"bytes=100-200", 100, OUTSIDE, 0, 0},
		{"bytes=18446744073709551616-", 100, OUTSIDE, 0, 0},
		{"bytes=-0", 100, OUTSIDE, 0, 0},
		{"bytes=0-", 0, OUTSIDE, 0, 0},
		{"bytes=-5", 0, OUTSIDE, 0, 0},
		{"bytes=5-4", 100, NONE, 0, 0},
		{"bytes=-", 100, NONE, 0, 0},
		{"bytes=", 100, NONE, 0, 0},
		{"bytes=a-b", 100, NONE, 0, 0},
		{"bytes=1-2x", 100, NONE, 0, 0},
		{"bytes=0-0,5-6", 100, NONE, 0, 0},
		{"bytes=+1-2", 100, NONE, 0, 0},
		{"bytes=1--2", 100, NONE, 0, 0},
		{"lines=1-2", 100, NONE, 0, 0},
		{"", 100, NONE, 0, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_range range = {0};
		int verdict = http_range_parse(rows[i].field, rows[i].size, &range);
		if (verdict != rows[i].verdict || range.first != rows[i].first ||
			range.length != rows[i].length)
			fail_msg("row %zu: %d %llu %llu", i, verdict,
				(unsigned long long)range.first, (unsigned long long)range.length);
	}
}

static void knows_if_range(void **state)
{
	(void)state;
	static const struct {
		const char *field;
		bool counts;
	} rows[] = {
		{NULL, true},
		{TAG, true},
		{" " TAG " ", true},
		{"W/" TAG, false},
		{"\"a\"", false},
		{TAG ", \"b\"", false},
		{"*", false},
		{DATE, false},
		{"Wed, 06 Nov 1994 08:49:37 GMT", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (http_if_range(rows[i].field, TAG) != rows[i].counts)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks),
		cmocka_unit_test(checks_a_weak_tag),
		cmocka_unit_test(parses_ranges),
		cmocka_unit_test(knows_if_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

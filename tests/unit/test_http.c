/* SPDX-License-Identifier: MIT */
/* Negotiation with the fields that real clients send, and the three forms of dates. */
#include "src/http/accept.h"
#include "src/http/date.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define CHROME "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
#define FIREFOX "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
#define SAFARI_OLD "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
#define NAVIGATION "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"

/* formats are written as sniff names, joined by '+'. */
static int negotiate(const char *accept, const char *formats)
{
	enum media_type types[8];
	char copy[128];
	size_t count = 0;
	strcpy(copy, formats);
	char *rest = copy;
	for (char *name; (name = strsep(&rest, "+"));)
		types[count++] = (enum media_type)media_from_name(name);
	int index = http_negotiate(accept, types, count);
	return index < 0 ? index : (int)types[index];
}

static void negotiates(void **state)
{
	(void)state;
	static const struct {
		const char *accept, *formats;
		int chosen;
	} rows[] = {
		{CHROME, "webp+jpeg", MEDIA_WEBP},
		{CHROME, "jpeg+webp", MEDIA_JPEG},
		{CHROME, "avif+webp+jpeg", MEDIA_AVIF},
		{CHROME, "jxl+jpeg", MEDIA_JPEG},
		{FIREFOX, "webp+jpeg", MEDIA_WEBP},
		{FIREFOX, "jpeg+webp", MEDIA_WEBP},
		{FIREFOX, "jxl+jpeg+png", MEDIA_PNG},
		{SAFARI_OLD, "webp+jpeg", MEDIA_JPEG},
		{SAFARI_OLD, "webp+jpeg+png", MEDIA_PNG},
		{NAVIGATION, "webp+jpeg", MEDIA_WEBP},
		{"*/*", "webp+jpeg", MEDIA_JPEG},
		{"*/*", "webp", MEDIA_WEBP},
		{"*/*", "avif+webp", MEDIA_AVIF},
		{"*/*", "png+jpeg", MEDIA_PNG},
		{NULL, "webp+jpeg", MEDIA_JPEG},
		{"", "webp+jpeg", MEDIA_JPEG},
		{" \t", "webp+jpeg", MEDIA_JPEG},
		{NULL, "webp+avif", MEDIA_WEBP},
		{"image/*", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=0", "webp+jpeg", MEDIA_JPEG},
		{"image/jpeg;q=0, image/webp", "webp+jpeg", MEDIA_WEBP},
		{"image/jpeg;q=0, image/webp", "jpeg+webp", MEDIA_WEBP},
		{"image/jpeg;q=0, */*", "jpeg+webp", MEDIA_WEBP},
		{"*/*, image/jpeg;q=0", "jpeg+webp", MEDIA_WEBP},
		{"*/*;q=0, image/webp", "jpeg+webp", MEDIA_WEBP},
		{"*/*;q=0", "jpeg+webp", -1},
		{"image/*;q=0.0", "jpeg+webp", -1},
		{"image/*;q=0.000, */*", "jpeg+webp", -1},
		{"image/webp;q=0,image/jpeg;q=0", "jpeg+webp", -1},
		{"image/jpeg;q=0.5, image/webp;q=0.4", "webp+jpeg", MEDIA_JPEG},
		{"image/jpeg;q=0.5, image/webp;q=0.501", "jpeg+webp", MEDIA_WEBP},
		{"image/jpeg;q=0.5, image/webp;q=0.50", "jpeg+webp", MEDIA_JPEG},
		{"image/*;q=0.9, image/webp;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=0.001, */*;q=0", "jpeg+webp", MEDIA_WEBP},
		{"text/html", "webp+jpeg", MEDIA_JPEG},
		{"image/png", "webp+jpeg", MEDIA_JPEG},
		{"image/png", "webp+avif", MEDIA_WEBP},
		{"IMAGE/WebP;Q=1", "jpeg+webp", MEDIA_WEBP},
		{"image/webp ; q=1.000 , image/jpeg ;q=0.9", "jpeg+webp", MEDIA_WEBP},
		{"image/webp;q=1;ext=\"a,b\";x, image/jpeg;q=0.9", "jpeg+webp", MEDIA_WEBP},
		{"image/webp;q=0.2,image/webp;q=0.9,image/jpeg;q=0.5", "jpeg+webp", MEDIA_WEBP},
		/* Malformed pieces do not count. */
		{"image/webp;q=2, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=1.001, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=0.1234, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=-1, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;q=.9, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp x, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;level=1, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image, webp, /webp, image/, */webp, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webpx, image/web, image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{",,, image/webp ,,", "jpeg+webp", MEDIA_WEBP},
		{"image/jpeg;q=0.5;a=\"image/webp,", "webp+jpeg", MEDIA_JPEG},
		{"x/y;a=\"b\\\",image/webp\", image/jpeg;q=0.1", "webp+jpeg", MEDIA_JPEG},
		{"image/webp;", "jpeg+webp", MEDIA_WEBP},
		{"\"", "webp+jpeg", MEDIA_JPEG},
		{";;;", "webp+jpeg", MEDIA_JPEG},
		{"\xff\xfe/\x80", "webp+jpeg", MEDIA_JPEG},
		{"audio/*", "opus+mp3", MEDIA_MP3},
		{"audio/ogg,audio/*;q=0.9", "opus+mp3", MEDIA_OPUS},
		{"video/webm,video/*;q=0.9", "webm+mp4", MEDIA_WEBM},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		int chosen = negotiate(rows[i].accept, rows[i].formats);
		if (chosen != rows[i].chosen)
			fail_msg("\"%s\" of %s: %d", rows[i].accept, rows[i].formats, chosen);
	}
	assert_int_equal(http_negotiate("*/*", NULL, 0), -1);
}

static void weights(void **state)
{
	(void)state;
	static const struct {
		const char *accept, *type, *parameter;
		int weight;
	} rows[] = {
		{NULL, "text/html", NULL, -1},
		{"", "text/html", NULL, -1},
		{"*/*", "text/html", NULL, -1},
		{"text/*", "text/html", NULL, -1},
		{"text/html", "text/html", NULL, 1000},
		{"TEXT/Html;level=1", "text/html", NULL, 1000},
		{"text/htmlx, text/htm", "text/html", NULL, -1},
		{"a/b, text/html;q=0.25 , text/html;q=0.5", "text/html", NULL, 500},
		{"text/html;q=0", "text/html", NULL, 0},
		{"text/html;q=2", "text/html", NULL, -1},
		{"text/plain;version=0.0.4;q=0.5", "text/plain", "version=0.0.4", 500},
		{"text/plain;version=0.0.4;q=0.5", "text/plain", NULL, 500},
		{"text/plain;version=0.0.5, text/plain", "text/plain", "version=0.0.4", -1},
		{"text/plain;q=1;version=0.0.4", "text/plain", "version=0.0.4", -1},
		{"text/plain;a=\",text/html", "text/html", NULL, -1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int weight = http_weight(rows[i].accept, rows[i].type, rows[i].parameter);
		if (weight != rows[i].weight)
			fail_msg("\"%s\": %d", rows[i].accept, weight);
	}
}

static void dates(void **state)
{
	(void)state;
	static const struct {
		time_t when;
		const char *text;
	} rows[] = {
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
		{4102444799, "Thu, 31 Dec 2099 23:59:59 GMT"},
		{253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
	};
	char out[30];
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		http_date(rows[i].when, out);
		assert_string_equal(out, rows[i].text);
		assert_true(http_date_parse(out) == rows[i].when);
	}
	http_date(-1, out);
	assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_date(INT64_MAX, out);
	assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void other_dates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		time_t when;
	} rows[] = {
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"Wed Nov 16 08:49:37 1994", 784975777},
		{"Wednesday, 16-Nov-94 08:49:37 GMT", 784975777},
		{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
		{"", -1},
		{"0", -1},
		{"Sun", -1},
		{"Sun, 06 Nov 1994 08:49:37", -1},
		{"Sun, 06 Nov 1994 08:49:37 UTC", -1},
		{"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
		{" Sun, 06 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 6 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 06 nov 1994 08:49:37 GMT", -1},
		{"Sun, 06 Nov 94 08:49:37 GMT", -1},
		{"Sun, 06 Nov 1994 24:00:00 GMT", -1},
		{"Sun, 06 Nov 1994 08:60:00 GMT", -1},
		{"Sun, 06 Nov 1994 08:49:61 GMT", -1},
		{"Sun, 31 Nov 1994 08:49:37 GMT", -1},
		{"Wed, 29 Feb 2023 00:00:00 GMT", -1},
		{"Sun, 00 Nov 1994 08:49:37 GMT", -1},
		{"Sun, +6 Nov 1994 08:49:37 GMT", -1},
		{"Sunday, 06 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 06-Nov-94 08:49:37 GMT", -1},
		{"Sun Nov 6 08:49:37 1994", -1},
		{"1994-11-06T08:49:37Z", -1},
		{"Sun, 06 Nov 1994", -1},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		if (http_date_parse(rows[i].text) != rows[i].when)
			fail_msg("%s: %ld", rows[i].text, (long)http_date_parse(rows[i].text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiates),
		cmocka_unit_test(weights),
		cmocka_unit_test(dates),
		cmocka_unit_test(other_dates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

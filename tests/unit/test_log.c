/* SPDX-License-Identifier: MIT */
/* The lines themselves; what other programs make of them is for tests/scenario/test_sight.py. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log_line.h"
#include "base/text.h"

static void json_is_escaped(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
		size_t max;
	} cases[] = {
		{"plain", "plain", 99},
		{"a\"b\\c/", "a\\\"b\\\\c/", 99},
		{"\n\t\x01\x7f", "\\u000a\\u0009\\u0001\\u007f", 99},
		{"<b>&", "\\u003cb\\u003e\\u0026", 99},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", 99},
		{"\xc3", "\\ufffd", 99},
		{"\xff\xc0\x80x", "\\ufffd\\ufffd\\ufffdx", 99},
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd", 99}, /* a surrogate */
		{"\xc2\x85", "\\ufffd", 99},		       /* a C1 control character */
		{"abcdef", "abc...", 3},
		{"ab\xc3\xbc", "ab...", 3}, /* never half a character */
		{"", "", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buffer[128];
		struct text text;
		text_init(&text, buffer, sizeof buffer);
		json_escape(&text, cases[i].from, cases[i].max);
		assert_string_equal(text.data, cases[i].to);
	}
}

static char path[] = "/tmp/sluice-log-XXXXXX";

/* What was written behind the `from`-th byte. */
static void read_log(off_t from, char *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = pread(fd, out, size - 1, from);
	assert_true(n >= 0);
	out[n] = '\0';
	close(fd);
}

static off_t log_size(void)
{
	char all[65536];
	read_log(0, all, sizeof all);
	return (off_t)strlen(all);
}

static void write_line(size_t buffer_size, const char *value)
{
	char buffer[1024];
	struct log_line line;
	assert_true(buffer_size <= sizeof buffer);
	log_line_begin(&line, buffer, buffer_size, LOG_LEVEL_WARNING, "event");
	log_line_word(&line, "id", "a-1");
	log_line_count(&line, "count", 18446744073709551615u);
	log_line_ms(&line, "ms", 1234567);
	log_line_string(&line, "text", value, 500);
	log_line_count(&line, "last", 1);
	log_line_end(&line);
}

static void lines_of_text(void **state)
{
	(void)state;
	char line[2048], huge[600];
	assert_int_equal(log_open(path, LOG_FORMAT_TEXT), 0);
	off_t from = log_size();
	write_line(1024, "a \"b\"\n");
	read_log(from, line, sizeof line);
	assert_non_null(strstr(line, "Z warning event id=a-1 count=18446744073709551615 "
				     "ms=1234.5 text=\"a \\x22b\\x22\\x0a\" last=1\n"));

	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	from = log_size();
	write_line(256, huge);
	read_log(from, line, sizeof line);
	assert_non_null(strstr(line, " ms=1234.5 last=1 cut=true\n"));

	from = log_size();
	log_notice("said %d", 1);
	read_log(from, line, sizeof line);
	assert_non_null(strstr(line, "Z notice said 1\n"));
}

static void lines_of_json(void **state)
{
	(void)state;
	char line[65536], huge[8000];
	assert_int_equal(log_open(path, LOG_FORMAT_JSON), 0);
	off_t from = log_size();
	write_line(1024, "a \"b\"\n");
	read_log(from, line, sizeof line);
	assert_non_null(strstr(line, "\"level\":\"warning\",\"event\":\"event\",\"id\":\"a-1\","
				     "\"count\":18446744073709551615,\"ms\":1234.5,"
				     "\"text\":\"a \\\"b\\\"\\u000a\",\"last\":1}\n"));
	memset(huge, '\n', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	from = log_size();
	write_line(256, huge);
	read_log(from, line, sizeof line);
	assert_non_null(strstr(line, "\"ms\":1234.5,\"last\":1,\"cut\":true}\n"));

	from = log_size();
	log_error("%s", huge);
	read_log(from, line, sizeof line);
	assert_non_null(strstr(line, "\"event\":\"message\",\"message\":\"\\u000a"));
	assert_non_null(strstr(line, "...\"}\n"));
	assert_int_equal(log_open("", LOG_FORMAT_TEXT), 0);
}

static void bad_places(void **state)
{
	(void)state;
	assert_int_equal(log_open("relative", LOG_FORMAT_TEXT), LOG_E_WHERE);
	assert_int_equal(log_open("syslog:relative", LOG_FORMAT_TEXT), LOG_E_WHERE);
	assert_int_equal(log_open("syslogx", LOG_FORMAT_TEXT), LOG_E_WHERE);
	assert_true(log_open("/nonexistent/log", LOG_FORMAT_TEXT) < 0);
	assert_true(log_open("journal:/nonexistent/socket", LOG_FORMAT_TEXT) < 0);
	assert_int_equal(log_get_format(), LOG_FORMAT_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_escaped),
		cmocka_unit_test(bad_places),
		cmocka_unit_test(lines_of_text),
		cmocka_unit_test(lines_of_json),
	};
	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}

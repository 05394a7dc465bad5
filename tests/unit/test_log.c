/* SPDX-License-Identifier: MIT */
/* The lines themselves; what other programs make of them is for tests/scenario/test_sight.py. */
#include "tests/unit/unit_wait.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
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
	log_write_line(&line);
}

static void an_end_begins_at_a_word(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		size_t max;
		const char *to;
	} cases[] = {
		{"", 4, ""},
		{"whole", 5, "whole"},
		{"one two three", 9, "two three"},
		{"one two three", 8, "three"},
		{"one two three", 10, "two three"},
		{"one  \n\t two", 5, "two"},
		{"oneword", 4, "word"},
		{"longword and", 8, "word and"},
		{"a \xc3\xa4\xc3\xb6", 3, "\xc3\xb6"}, /* not within a character */
		{"blanks    ", 4, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(text_end(cases[i].from, cases[i].max), cases[i].to);
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

/* A pipe with little room for our log; *reader is the other end. */
static void log_to_pipe(int *reader)
{
	int ends[2];
	char name[64];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	snprintf(name, sizeof name, "/proc/self/fd/%d", ends[1]);
	assert_int_equal(log_open(name, LOG_FORMAT_TEXT), 0);
	close(ends[1]);
	*reader = ends[0];
}

/* So many lines, into a buffer to be freed. */
static char *read_lines(int fd, size_t lines)
{
	size_t size = 4 << 20, length = 0;
	char *all = malloc(size + 1);
	assert_non_null(all);
	while (lines > 0) {
		struct pollfd entry = {.fd = fd, .events = POLLIN};
		assert_true(length < size);
		assert_int_equal(poll(&entry, 1, UNIT_PATIENCE_MS), 1);
		ssize_t n = read(fd, all + length, size - length);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			lines -= all[length + (size_t)i] == '\n';
		length += (size_t)n;
	}
	all[length] = '\0';
	return all;
}

/* Logs a line and waits until it stands in the pipe, which counts as full then: it has one page. So
 * the writer has come to its end there before the queue has. */
static void fill_pipe(int reader)
{
	int waiting = 0;
	log_notice("number %06u of what nobody reads for now %040d", 0, 0);
	for (uint64_t end_ms = clock_now_ms() + UNIT_PATIENCE_MS; !waiting; usleep(1000)) {
		assert_true(clock_now_ms() < end_ms);
		assert_int_equal(ioctl(reader, FIONREAD, &waiting), 0);
	}
}

/* More than pipe and queue hold: every call returns, what is lost is counted, and the log says so
 * when it is read again. */
static void unread_pipe(void **state)
{
	(void)state;
	enum { LINES = 30000 };
	int reader;
	log_to_pipe(&reader);
	assert_int_equal(log_start(), 0);
	fill_pipe(reader);
	uint64_t dropped = log_dropped(), start_ms = clock_now_ms();
	for (unsigned i = 1; i < LINES; i++)
		log_notice("number %06u of what nobody reads for now %040d", i, 0);
	assert_true(clock_now_ms() - start_ms < UNIT_PATIENCE_MS / 2);
	dropped = log_dropped() - dropped;
	assert_true(dropped > 0 && dropped < LINES);
	char said[64];
	snprintf(said, sizeof said, "some were dropped lines=%llu\n", (unsigned long long)dropped);
	char *all = read_lines(reader, LINES - dropped + 1);
	assert_non_null(strstr(all, "number 000000 of"));
	assert_non_null(strstr(all, said));
	free(all);
	log_notice("and on");
	all = read_lines(reader, 1);
	assert_non_null(strstr(all, " notice and on\n"));
	free(all);
	log_stop();
	close(reader);
}

/* The end does not wait for a reader; a reopened file takes what the pipe did not. */
static void unread_pipe_at_the_end(void **state)
{
	(void)state;
	int reader;
	log_to_pipe(&reader);
	assert_int_equal(log_start(), 0);
	for (unsigned i = 0; i < 200; i++)
		log_notice("number %06u of what nobody reads %040d", i, 0);
	uint64_t start_ms = clock_now_ms();
	log_stop();
	assert_true(clock_now_ms() - start_ms < 10 * LOG_STOP_MS);
	close(reader);
}

static void reopened_while_stuck(void **state)
{
	(void)state;
	char fifo[] = "/tmp/sluice-fifo-XXXXXX", line[65536];
	assert_non_null(mkdtemp(fifo));
	char name[64];
	snprintf(name, sizeof name, "%s/log", fifo);
	assert_int_equal(mkfifo(name, 0600), 0);
	int reader = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(log_open(name, LOG_FORMAT_TEXT), 0);
	assert_int_equal(log_start(), 0);
	for (unsigned i = 0; i < 2000; i++)
		log_notice("number %06u of what nobody reads %040d", i, 0);
	/* Both are files of the same name for the log. */
	assert_int_equal(unlink(name), 0);
	log_reopen();
	log_notice("the last");
	log_stop();
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, line, sizeof line - 1);
	assert_true(n > 0);
	close(fd);
	close(reader);
	unlink(name);
	rmdir(fifo);
}

/* Threads that log at once: every line is whole, and all of them are there. */
static void *log_many(void *data)
{
	for (unsigned i = 0; i < 500; i++)
		log_notice("thread %s line %03u end", (const char *)data, i);
	return NULL;
}

static void lines_of_threads(void **state)
{
	(void)state;
	static char names[4][2] = {"a", "b", "c", "d"};
	pthread_t threads[4];
	assert_int_equal(log_open(path, LOG_FORMAT_TEXT), 0);
	off_t from = log_size();
	assert_int_equal(log_start(), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	log_stop();
	static char all[1 << 18];
	read_log(from, all, sizeof all);
	unsigned next[4] = {0}, lines = 0;
	for (char *rest, *line = strtok_r(all, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		char name, end[8];
		unsigned number;
		assert_int_equal(sscanf(strstr(line, "thread"), "thread %c line %u %7s", &name,
					 &number, end),
			3);
		assert_string_equal(end, "end");
		assert_int_equal(number, next[name - 'a']++);
		lines++;
	}
	assert_int_equal(lines, 2000);
	/* Without its thread the caller writes again. */
	log_notice("afterwards");
	from = log_size();
	assert_true(from > 0);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_escaped),
		cmocka_unit_test(bad_places),
		cmocka_unit_test(an_end_begins_at_a_word),
		cmocka_unit_test(lines_of_text),
		cmocka_unit_test(lines_of_json),
		cmocka_unit_test(lines_of_threads),
		cmocka_unit_test(unread_pipe),
		cmocka_unit_test(unread_pipe_at_the_end),
		cmocka_unit_test(reopened_while_stuck),
	};
	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}

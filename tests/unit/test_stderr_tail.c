/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "src/convert/stderr_tail.h"

static char premature[] = "Premature end", truncated[] = "truncated";
static char *const phrases[] = {premature, truncated, NULL};

static void test_phrase_split_anywhere(void **state)
{
	(void)state;
	static const char text[] = "line 1\nconvert: Premature end of JPEG file\nline 3\n";
	for (size_t split = 0; split <= sizeof text - 1; split++) {
		struct stderr_tail words;
		stderr_tail_init(&words, phrases);
		stderr_tail_add(&words, text, split);
		stderr_tail_add(&words, text + split, sizeof text - 1 - split);
		assert_ptr_equal(words.found, phrases[0]);
		assert_int_equal(words.length, sizeof text - 1);
		assert_memory_equal(words.kept, text, sizeof text - 1);
	}
}

static void test_byte_by_byte(void **state)
{
	(void)state;
	struct stderr_tail words;
	stderr_tail_init(&words, phrases);
	for (const char *at = "x: file truncated at 3"; *at; at++)
		stderr_tail_add(&words, at, 1);
	assert_ptr_equal(words.found, phrases[1]);
	assert_int_equal(words.complaints, 0);
	stderr_tail_add(&words, "Cannot allocate memory", 22);
	assert_int_equal(words.complaints, COMPLAINT_MEMORY);
}

static void test_last_4_kib_are_kept(void **state)
{
	(void)state;
	struct stderr_tail words;
	stderr_tail_init(&words, NULL);
	char line[1000];
	for (int i = 0; i < 100; i++) {
		memset(line, 'a' + i % 26, sizeof line);
		stderr_tail_add(&words, line, sizeof line);
	}
	assert_int_equal(words.length, STDERR_TAIL_KEPT);
	assert_int_equal(words.kept[STDERR_TAIL_KEPT - 1], 'a' + 99 % 26);
	assert_int_equal(words.kept[0], 'a' + 95 % 26);
	assert_null(words.found);
	static char large[20000];
	memset(large, '.', sizeof large);
	large[sizeof large - 1] = '!';
	stderr_tail_add(&words, large, sizeof large);
	assert_int_equal(words.length, STDERR_TAIL_KEPT);
	assert_int_equal(words.kept[STDERR_TAIL_KEPT - 1], '!');
	assert_int_equal(words.kept[0], '.');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phrase_split_anywhere),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_last_4_kib_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What is remembered, for how many, and that who holds an entry may go on when it is forgotten. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "src/request/memo.h"

enum { BODY = 50000, MANY = MEMO_MAX + 100, MANY_BODIES = MEMO_BYTES / BODY + 10 };

static const struct config one, other; /* only ever compared */

static int setup(void **state)
{
	struct memo *memo;
	if (memo_new(&memo) < 0)
		return -1;
	memo_reset(memo, &one, NULL);
	*state = memo;
	return 0;
}

static int teardown(void **state)
{
	memo_free(*state);
	return 0;
}

static struct memo_note make_note(unsigned number, size_t body)
{
	static char bytes[BODY];
	struct memo_note note = {.name = "a", .kept = body > 0};
	memset(bytes, (int)number, sizeof bytes);
	memcpy(note.identity.key, &number, sizeof number);
	note.file.length = body;
	note.body = body > 0 ? bytes : NULL;
	return note;
}

static void keep(struct memo *memo, const char *uri, unsigned number, size_t body)
{
	const struct memo_note note = make_note(number, body);
	memo_keep(memo, &one, uri, NULL, &note);
}

/* The number of the note that is found, 0: none is. */
static unsigned find(struct memo *memo, const char *uri, const char *accept)
{
	const struct memo_note *note = memo_find(memo, &one, uri, accept);
	unsigned number = 0;
	if (note) {
		memcpy(&number, note->identity.key, sizeof number);
		memo_release(note);
	}
	return number;
}

static void test_finds_what_was_kept(void **state)
{
	struct memo *memo = *state;
	assert_int_equal(find(memo, "/a", NULL), 0);
	keep(memo, "/a", 1, 0);
	keep(memo, "/b", 2, 3);
	assert_int_equal(find(memo, "/a", "image/webp"), 1);
	assert_int_equal(find(memo, "/b", NULL), 2);
	assert_int_equal(find(memo, "/", NULL), 0);
	const struct memo_note *note = memo_find(memo, &one, "/b", NULL);
	assert_memory_equal(note->body, "\2\2\2", 3);
	assert_string_equal(note->name, "a");
	memo_release(note);
}

static void test_the_later_one_counts(void **state)
{
	struct memo *memo = *state;
	keep(memo, "/a", 1, 10);
	const struct memo_note *held = memo_find(memo, &one, "/a", NULL);
	keep(memo, "/a", 1, 0); /* less of the same */
	const struct memo_note *same = memo_find(memo, &one, "/a", NULL);
	assert_ptr_equal(held, same);
	memo_release(same);
	keep(memo, "/a", 3, 0);
	assert_int_equal(find(memo, "/a", NULL), 3);
	assert_int_equal(held->body[9], 1);
	memo_forget(memo, held); /* not the one that is there now */
	assert_int_equal(find(memo, "/a", NULL), 3);
	memo_release(held);
}

static void test_accept(void **state)
{
	struct memo *memo = *state;
	struct memo_note note = make_note(1, 0);
	note.negotiated = true;
	memo_keep(memo, &one, "/a", "image/webp", &note);
	assert_int_equal(find(memo, "/a", "image/webp"), 1);
	assert_int_equal(find(memo, "/a", "image/jpeg"), 0);
	assert_int_equal(find(memo, "/a", ""), 0);
	assert_int_equal(find(memo, "/a", NULL), 0);
	note.identity.key[0] = 2;
	memo_keep(memo, &one, "/a", NULL, &note);
	assert_int_equal(find(memo, "/a", NULL), 2);
	assert_int_equal(find(memo, "/a", ""), 0);
	assert_int_equal(find(memo, "/a", "image/webp"), 1);
}

static void test_another_configuration(void **state)
{
	struct memo *memo = *state;
	keep(memo, "/a", 1, 10);
	const struct memo_note *held = memo_find(memo, &one, "/a", NULL);
	assert_null(memo_find(memo, &other, "/a", NULL));
	memo_reset(memo, &other, NULL);
	assert_int_equal(find(memo, "/a", NULL), 0);
	keep(memo, "/a", 1, 0); /* a request of before */
	assert_null(memo_find(memo, &other, "/a", NULL));
	assert_int_equal(held->body[9], 1);
	memo_release(held);
}

static void test_forgotten_while_held(void **state)
{
	struct memo *memo = *state;
	keep(memo, "/a", 1, 10);
	const struct memo_note *held = memo_find(memo, &one, "/a", NULL);
	memo_forget(memo, held);
	memo_forget(memo, held);
	assert_int_equal(find(memo, "/a", NULL), 0);
	assert_int_equal(held->body[9], 1);
	memo_release(held);
}

static void keep_many(struct memo *memo, unsigned count, size_t body)
{
	char uri[32];
	for (unsigned i = 1; i <= count; i++) {
		snprintf(uri, sizeof uri, "/%u", i);
		keep(memo, uri, i, body);
		/* Used all the time. */
		assert_int_equal(find(memo, "/1", NULL), 1);
	}
}

static unsigned count_found(struct memo *memo, unsigned count)
{
	unsigned found = 0;
	for (unsigned i = 1; i <= count; i++) {
		char uri[32];
		snprintf(uri, sizeof uri, "/%u", i);
		found += find(memo, uri, NULL) == i;
	}
	return found;
}

static void test_so_many_at_most(void **state)
{
	keep_many(*state, MANY, 0);
	assert_int_equal(find(*state, "/1", NULL), 1);
	assert_int_equal(find(*state, "/2", NULL), 0);
	assert_int_equal(count_found(*state, MANY), MEMO_MAX);
}

static void test_so_many_bytes_at_most(void **state)
{
	keep_many(*state, MANY_BODIES, BODY);
	assert_int_equal(find(*state, "/1", NULL), 1);
	assert_int_equal(find(*state, "/2", NULL), 0);
	assert_int_equal(count_found(*state, MANY_BODIES), MEMO_BYTES / BODY);
}

static void test_too_long(void **state)
{
	static char uri[65536];
	memset(uri, '/', sizeof uri - 1);
	keep(*state, uri, 1, 0);
	assert_int_equal(find(*state, uri, NULL), 0);
}

static void test_is_tended(void **state)
{
	struct memo *memo = *state;
	assert_false(memo_is_due(memo));
	keep(memo, "/a", 1, 10);
	assert_true(memo_due(memo) < UINT64_MAX);
	assert_false(memo_is_due(memo)); /* not so soon */
	memo_tend(memo);
	assert_int_equal(find(memo, "/a", NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_finds_what_was_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_later_one_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgotten_while_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_so_many_at_most, setup, teardown),
		cmocka_unit_test_setup_teardown(test_so_many_bytes_at_most, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_tended, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

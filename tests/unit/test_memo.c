/* SPDX-License-Identifier: MIT */
/* What is remembered, for how many, and that who holds an entry may go on when it is forgotten. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "src/request/recall.h"

enum { BODY = 50000, MANY = RECALL_MAX + 100, MANY_BODIES = RECALL_BYTES / BODY + 10 };

static const struct config one, other; /* only ever compared */

static int setup(void **state)
{
	struct recall *recall;
	if (recall_new(&recall) < 0)
		return -1;
	recall_reset(recall, &one, NULL);
	*state = recall;
	return 0;
}

static int teardown(void **state)
{
	recall_free(*state);
	return 0;
}

static struct recall_note make_note(unsigned number, size_t body)
{
	static char bytes[BODY];
	struct recall_note note = {.name = "a", .kept = body > 0};
	memset(bytes, (int)number, sizeof bytes);
	memcpy(note.validator.key, &number, sizeof number);
	note.file.length = body;
	note.body = body > 0 ? bytes : NULL;
	return note;
}

static void keep(struct recall *recall, const char *uri, unsigned number, size_t body)
{
	const struct recall_note note = make_note(number, body);
	recall_keep(recall, &one, uri, NULL, &note);
}

/* The number of the note that is found, 0: none is. */
static unsigned find(struct recall *recall, const char *uri, const char *accept)
{
	const struct recall_note *note = recall_find(recall, &one, uri, accept);
	unsigned number = 0;
	if (note) {
		memcpy(&number, note->validator.key, sizeof number);
		recall_release(note);
	}
	return number;
}

static void test_finds_what_was_kept(void **state)
{
	struct recall *recall = *state;
	assert_int_equal(find(recall, "/a", NULL), 0);
	keep(recall, "/a", 1, 0);
	keep(recall, "/b", 2, 3);
	assert_int_equal(find(recall, "/a", "image/webp"), 1);
	assert_int_equal(find(recall, "/b", NULL), 2);
	assert_int_equal(find(recall, "/", NULL), 0);
	const struct recall_note *note = recall_find(recall, &one, "/b", NULL);
	assert_memory_equal(note->body, "\2\2\2", 3);
	assert_string_equal(note->name, "a");
	recall_release(note);
}

static void test_the_later_one_counts(void **state)
{
	struct recall *recall = *state;
	keep(recall, "/a", 1, 10);
	const struct recall_note *held = recall_find(recall, &one, "/a", NULL);
	keep(recall, "/a", 1, 0); /* less of the same */
	const struct recall_note *same = recall_find(recall, &one, "/a", NULL);
	assert_ptr_equal(held, same);
	recall_release(same);
	keep(recall, "/a", 3, 0);
	assert_int_equal(find(recall, "/a", NULL), 3);
	assert_int_equal(held->body[9], 1);
	recall_forget(recall, held); /* not the one that is there now */
	assert_int_equal(find(recall, "/a", NULL), 3);
	recall_release(held);
}

static void test_accept(void **state)
{
	struct recall *recall = *state;
	struct recall_note note = make_note(1, 0);
	note.negotiated = true;
	recall_keep(recall, &one, "/a", "image/webp", &note);
	assert_int_equal(find(recall, "/a", "image/webp"), 1);
	assert_int_equal(find(recall, "/a", "image/jpeg"), 0);
	assert_int_equal(find(recall, "/a", ""), 0);
	assert_int_equal(find(recall, "/a", NULL), 0);
	note.validator.key[0] = 2;
	recall_keep(recall, &one, "/a", NULL, &note);
	assert_int_equal(find(recall, "/a", NULL), 2);
	assert_int_equal(find(recall, "/a", ""), 0);
	assert_int_equal(find(recall, "/a", "image/webp"), 1);
}

static void test_another_configuration(void **state)
{
	struct recall *recall = *state;
	keep(recall, "/a", 1, 10);
	const struct recall_note *held = recall_find(recall, &one, "/a", NULL);
	assert_null(recall_find(recall, &other, "/a", NULL));
	recall_reset(recall, &other, NULL);
	assert_int_equal(find(recall, "/a", NULL), 0);
	keep(recall, "/a", 1, 0); /* a request of before */
	assert_null(recall_find(recall, &other, "/a", NULL));
	assert_int_equal(held->body[9], 1);
	recall_release(held);
}

static void test_forgotten_while_held(void **state)
{
	struct recall *recall = *state;
	keep(recall, "/a", 1, 10);
	const struct recall_note *held = recall_find(recall, &one, "/a", NULL);
	recall_forget(recall, held);
	recall_forget(recall, held);
	assert_int_equal(find(recall, "/a", NULL), 0);
	assert_int_equal(held->body[9], 1);
	recall_release(held);
}

static void keep_many(struct recall *recall, unsigned count, size_t body)
{
	char uri[32];
	for (unsigned i = 1; i <= count; i++) {
		snprintf(uri, sizeof uri, "/%u", i);
		keep(recall, uri, i, body);
		/* Used all the time. */
		assert_int_equal(find(recall, "/1", NULL), 1);
	}
}

static unsigned count_found(struct recall *recall, unsigned count)
{
	unsigned found = 0;
	for (unsigned i = 1; i <= count; i++) {
		char uri[32];
		snprintf(uri, sizeof uri, "/%u", i);
		found += find(recall, uri, NULL) == i;
	}
	return found;
}

static void test_so_many_at_most(void **state)
{
	keep_many(*state, MANY, 0);
	assert_int_equal(find(*state, "/1", NULL), 1);
	assert_int_equal(find(*state, "/2", NULL), 0);
	assert_int_equal(count_found(*state, MANY), RECALL_MAX);
}

static void test_so_many_bytes_at_most(void **state)
{
	keep_many(*state, MANY_BODIES, BODY);
	assert_int_equal(find(*state, "/1", NULL), 1);
	assert_int_equal(find(*state, "/2", NULL), 0);
	assert_int_equal(count_found(*state, MANY_BODIES), RECALL_BYTES / BODY);
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
	struct recall *recall = *state;
	assert_false(recall_is_due(recall));
	keep(recall, "/a", 1, 10);
	assert_true(recall_due(recall) < UINT64_MAX);
	assert_false(recall_is_due(recall)); /* not so soon */
	recall_tend(recall);
	assert_int_equal(find(recall, "/a", NULL), 1);
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

/* SPDX-License-Identifier: MIT */
/* The state machine gets every conversation in pieces of every size: nothing may depend on where a
 * read ended. */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "fcgi/input.h"

struct script {
	uint8_t bytes[200000];
	size_t length;
};

static void add(struct script *script, uint8_t type, uint16_t id, const void *content, size_t size,
	uint8_t padding)
{
	struct fcgi_header header = {.version = 1,
		.type = type,
		.id = id,
		.content_length = (uint16_t)size,
		.padding_length = padding};
	fcgi_header_encode(&header, script->bytes + script->length);
	script->length += FCGI_HEADER_LEN;
	if (size > 0)
		memcpy(script->bytes + script->length, content, size);
	memset(script->bytes + script->length + size, 0xee, padding);
	script->length += size + padding;
}

static void add_begin(struct script *script, uint16_t id, uint8_t role, uint8_t flags)
{
	uint8_t body[8] = {0, role, flags};
	add(script, FCGI_BEGIN_REQUEST, id, body, sizeof body, 0);
}

static void add_request(struct script *script, uint16_t id)
{
	add_begin(script, id, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add(script, FCGI_PARAMS, id, "\001\003ab", 4, 3);
	add(script, FCGI_PARAMS, id, "cd\002\000xy", 6, 0);
	add(script, FCGI_PARAMS, id, "", 0, 8);
	add(script, FCGI_STDIN, id, "body", 4, 4);
	add(script, FCGI_STDIN, id, "", 0, 0);
}

/* Feeds in pieces; collects the replies. Returns the length of all replies, -1 when broken. */
static long feed(
	struct fcgi_input *input, const struct script *script, size_t piece, uint8_t *replies)
{
	size_t at = 0;
	long length = 0;
	while (at < script->length) {
		size_t n = script->length - at < piece ? script->length - at : piece;
		size_t taken = fcgi_input_feed(input, script->bytes + at, n);
		if (input->broken)
			return -1;
		assert_true(taken == n || input->reply_length > 0);
		at += taken;
		if (replies)
			memcpy(replies + length, input->reply, input->reply_length);
		length += input->reply_length;
		input->reply_length = 0;
	}
	return length;
}

static void test_request_in_pieces(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add_request(&script, 0xabcd);
	for (size_t piece = 1; piece <= script.length; piece++) {
		struct fcgi_input input;
		fcgi_input_init(&input);
		assert_int_equal(feed(&input, &script, piece, NULL), 0);
		assert_true(fcgi_input_complete(&input));
		assert_false(fcgi_input_in_progress(&input));
		assert_int_equal(input.id, 0xabcd);
		assert_true(input.keep);
		assert_int_equal(input.params_length, 10);
		assert_memory_equal(input.params, "\001\003abcd\002\000xy", 10);
		fcgi_input_finish(&input);
		assert_false(fcgi_input_complete(&input));
		assert_null(input.params);
		fcgi_input_clear(&input);
	}
}

static void test_progress(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add_request(&script, 1);
	struct fcgi_input input;
	fcgi_input_init(&input);
	assert_false(fcgi_input_in_progress(&input));
	for (size_t i = 0; i < script.length - 1; i++) {
		assert_int_equal(fcgi_input_feed(&input, script.bytes + i, 1), 1);
		assert_true(fcgi_input_in_progress(&input));
		assert_false(fcgi_input_complete(&input));
	}
	fcgi_input_clear(&input);
}

static void test_second_begin_is_refused(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add_begin(&script, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_request(&script, 2);
	struct fcgi_input input;
	fcgi_input_init(&input);
	uint8_t replies[256];
	uint8_t expected[FCGI_END_REQUEST_LEN];
	fcgi_end_request_encode(2, 0, FCGI_CANT_MPX_CONN, expected);
	assert_int_equal(feed(&input, &script, 7, replies), FCGI_END_REQUEST_LEN);
	assert_memory_equal(replies, expected, sizeof expected);
	assert_true(input.running);
	assert_int_equal(input.id, 1);
	assert_int_equal(input.params_length, 0);
	fcgi_input_clear(&input);
}

static void test_roles(void **state)
{
	(void)state;
	for (uint8_t flags = 0; flags < 2; flags++) {
		static struct script script;
		script.length = 0;
		add_begin(&script, 300, FCGI_AUTHORIZER, flags);
		struct fcgi_input input;
		fcgi_input_init(&input);
		uint8_t replies[256], expected[FCGI_END_REQUEST_LEN];
		fcgi_end_request_encode(300, 0, FCGI_UNKNOWN_ROLE, expected);
		assert_int_equal(feed(&input, &script, 3, replies), sizeof expected);
		assert_memory_equal(replies, expected, sizeof expected);
		assert_false(input.running);
		assert_int_equal(input.close_soon, !flags);
		fcgi_input_clear(&input);
	}
}

static void test_management(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add(&script, FCGI_GET_VALUES, 0,
		"\017\000FCGI_MPXS_CONNS\004\000WHAT\017\000FCGI_MPXS_CONNS", 40, 5);
	add(&script, 99, 0, "???", 3, 0);
	struct fcgi_input input;
	fcgi_input_init(&input);
	uint8_t replies[256];
	for (size_t piece = 1; piece < script.length; piece++) {
		assert_int_equal(feed(&input, &script, piece, replies), 8 + 18 + 16);
		assert_int_equal(replies[1], FCGI_GET_VALUES_RESULT);
		assert_memory_equal(replies + 8, "\017\001FCGI_MPXS_CONNS0", 18);
		assert_int_equal(replies[8 + 18 + 1], FCGI_UNKNOWN_TYPE);
		assert_int_equal(replies[8 + 18 + 8], 99);
		assert_false(fcgi_input_in_progress(&input));
	}
	fcgi_input_clear(&input);
}

static void test_get_values_tells_what_is_known(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add(&script, FCGI_GET_VALUES, 0, "\016\000FCGI_MAX_CONNS\015\000FCGI_MAX_REQS", 31, 0);
	struct fcgi_input input;
	fcgi_input_init(&input);
	uint8_t replies[256];
	assert_int_equal(feed(&input, &script, 64, replies), 8);
	input.connections_max = 17;
	assert_int_equal(feed(&input, &script, 64, replies), 8 + 33 + 2);
	assert_memory_equal(replies + 8, "\016\002FCGI_MAX_CONNS17\015\002FCGI_MAX_REQS17", 35);
	input.connections_max = UINT32_MAX;
	assert_true(feed(&input, &script, 64, replies) <= FCGI_REPLY_ONE);
	fcgi_input_clear(&input);
}

/* Who may send no reply just now reads pieces of a header's length: they must always find room,
 * wherever records begin and end. */
static void test_a_piece_always_finds_room(void **state)
{
	(void)state;
	static struct script script;
	for (uint8_t padding = 0; padding < 16; padding++) {
		script.length = 0;
		for (int i = 0; i < 20; i++) {
			add(&script, FCGI_GET_VALUES, 0,
				"\016\000FCGI_MAX_CONNS\015\000FCGI_MAX_REQS\017\000FCGI_MPXS_"
				"CONNS",
				48, (uint8_t)(padding * i % 16));
			add(&script, 99, 0, "", 0, padding);
		}
		struct fcgi_input input;
		fcgi_input_init(&input);
		input.connections_max = UINT32_MAX;
		for (size_t at = 0; at < script.length; at += FCGI_HEADER_LEN) {
			size_t left = script.length - at;
			size_t n = left < FCGI_HEADER_LEN ? left : FCGI_HEADER_LEN;
			assert_int_equal(fcgi_input_feed(&input, script.bytes + at, n), n);
			input.reply_length = 0;
		}
		assert_false(input.broken);
		fcgi_input_clear(&input);
	}
}

static void test_many_replies_wait_for_room(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	for (int i = 0; i < 1000; i++)
		add(&script, 42, 0, "", 0, 0);
	struct fcgi_input input;
	fcgi_input_init(&input);
	static uint8_t replies[16000];
	assert_int_equal(feed(&input, &script, 8000, replies), 16000);
	fcgi_input_clear(&input);
}

static void test_params_are_bounded(void **state)
{
	(void)state;
	static uint8_t zeros[60000];
	static struct script script;
	script.length = 0;
	add_begin(&script, 1, FCGI_RESPONDER, 0);
	for (int i = 0; i < 3; i++)
		add(&script, FCGI_PARAMS, 1, zeros, sizeof zeros, 0);
	add(&script, FCGI_PARAMS, 1, "", 0, 0);
	add(&script, FCGI_STDIN, 1, "", 0, 0);
	struct fcgi_input input;
	fcgi_input_init(&input);
	assert_int_equal(feed(&input, &script, 65536, NULL), 0);
	assert_true(fcgi_input_complete(&input));
	assert_true(input.params_too_large);
	assert_null(input.params);
	fcgi_input_clear(&input);
}

static void test_abort(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add_begin(&script, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add(&script, FCGI_ABORT_REQUEST, 1, "", 0, 0);
	struct fcgi_input input;
	fcgi_input_init(&input);
	uint8_t replies[64];
	assert_int_equal(feed(&input, &script, 64, replies), FCGI_END_REQUEST_LEN);
	assert_false(input.running);
	assert_false(input.close_soon);

	script.length = 0;
	add_request(&script, 1);
	add(&script, FCGI_ABORT_REQUEST, 1, "", 0, 0);
	/* Complete, but nobody has begun with it: it is over. */
	assert_int_equal(feed(&input, &script, 1000, replies), FCGI_END_REQUEST_LEN);
	assert_false(input.running);

	script.length = 0;
	add_request(&script, 1);
	assert_int_equal(feed(&input, &script, 1000, replies), 0);
	input.answering = true;
	script.length = 0;
	add(&script, FCGI_ABORT_REQUEST, 1, "", 0, 0);
	assert_int_equal(feed(&input, &script, 1000, replies), 0);
	assert_true(fcgi_input_complete(&input));
	assert_true(input.aborted);
	fcgi_input_clear(&input);
}

static void test_broken(void **state)
{
	(void)state;
	static struct script scripts[5];
	memset(scripts, 0, sizeof scripts);
	memcpy(scripts[0].bytes, "GET / HTTP/1.0\r\n", 16);
	scripts[0].length = 16;
	add_begin(&scripts[1], 0, FCGI_RESPONDER, 0);
	add_begin(&scripts[2], 1, FCGI_RESPONDER, 0);
	add_begin(&scripts[2], 1, FCGI_RESPONDER, 0);
	add(&scripts[3], FCGI_BEGIN_REQUEST, 1, "short", 5, 0);
	add_begin(&scripts[4], 1, FCGI_RESPONDER, 0);
	add(&scripts[4], FCGI_STDIN, 1, "", 0, 0);
	for (size_t i = 0; i < UNIT_COUNT(scripts); i++) {
		struct fcgi_input input;
		fcgi_input_init(&input);
		assert_int_equal(feed(&input, &scripts[i], 5, NULL), -1);
		fcgi_input_clear(&input);
	}
}

static void test_records_of_others_are_ignored(void **state)
{
	(void)state;
	static struct script script;
	script.length = 0;
	add(&script, FCGI_ABORT_REQUEST, 9, "", 0, 0);
	add(&script, FCGI_STDIN, 9, "late", 4, 0);
	add(&script, FCGI_PARAMS, 9, "late", 4, 0);
	struct fcgi_input input;
	fcgi_input_init(&input);
	assert_int_equal(feed(&input, &script, 6, NULL), 0);
	assert_false(input.running);
	assert_null(input.params);
	fcgi_input_clear(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_in_pieces),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_second_begin_is_refused),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_management),
		cmocka_unit_test(test_many_replies_wait_for_room),
		cmocka_unit_test(test_params_are_bounded),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_get_values_tells_what_is_known),
		cmocka_unit_test(test_a_piece_always_finds_room),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_records_of_others_are_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

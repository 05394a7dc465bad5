/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/params.h"

static void test_decode(void **state)
{
	(void)state;
	uint8_t data[512];
	size_t size = 0;
	memcpy(data, "\003\002abcxy\000\001z\001\000n", 13);
	size = 13;
	/* a value of 300 bytes has a length of four bytes */
	memcpy(data + size, "\004\200\000\001\054long", 9);
	memset(data + size + 9, 'v', 300);
	size += 309;
	long length = fcgi_params_decode(data, size);
	assert_true(length > 0 && (size_t)length <= size);
	assert_string_equal(fcgi_params_get(data, (size_t)length, "abc"), "xy");
	assert_string_equal(fcgi_params_get(data, (size_t)length, ""), "z");
	assert_string_equal(fcgi_params_get(data, (size_t)length, "n"), "");
	assert_int_equal(strlen(fcgi_params_get(data, (size_t)length, "long")), 300);
	assert_null(fcgi_params_get(data, (size_t)length, "ab"));
	assert_null(fcgi_params_get(data, (size_t)length, "xy"));
}

static void test_lies(void **state)
{
	(void)state;
	static const struct {
		const char *data;
		size_t size;
	} lies[] = {
		{"\001", 1},
		{"\001\001a", 3},
		{"\002\000a", 3},
		{"\377\377\377\377\000a", 6},
		{"\001\377\377\377\377a", 6},
		{"\377\377\377\377\377\377\377\377a", 9},
		{"\200\000", 2},
		{"\001\001\000b", 4},
		{"\001\002a\000b", 5},
	};
	for (size_t i = 0; i < UNIT_COUNT(lies); i++) {
		/* its exact size on the heap, so that a sanitizer sees a byte too many */
		uint8_t *data = malloc(lies[i].size);
		assert_non_null(data);
		memcpy(data, lies[i].data, lies[i].size);
		assert_int_equal(fcgi_params_decode(data, lies[i].size), -EINVAL);
		free(data);
	}
	assert_int_equal(fcgi_params_decode(NULL, 0), 0);
}

static void test_peek(void **state)
{
	(void)state;
	static const uint8_t data[] = "\003\002abcxy\001\000n\003\001abdz\001\001m\000\001\011o";
	const size_t size = sizeof data - 1;
	char value[3] = "-";
	assert_true(fcgi_params_peek(data, size, "abc", value, sizeof value));
	assert_string_equal(value, "xy");
	assert_true(fcgi_params_peek(data, size, "n", value, sizeof value));
	assert_string_equal(value, "");
	assert_true(fcgi_params_peek(data, size, "abd", value, 2));
	assert_string_equal(value, "z");
	assert_false(fcgi_params_peek(data, size, "abc", value, 2)); /* does not fit */
	assert_false(fcgi_params_peek(data, size, "ab", value, sizeof value));
	assert_false(fcgi_params_peek(data, size, "m", value, sizeof value)); /* a zero in it */
	assert_false(fcgi_params_peek(
		data, size, "o", value, sizeof value)); /* longer than what is there */
	assert_false(fcgi_params_peek(data, 3, "abc", value, sizeof value));
	assert_false(fcgi_params_peek(NULL, 0, "abc", value, sizeof value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_peek),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

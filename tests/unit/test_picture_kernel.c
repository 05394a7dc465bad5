/* SPDX-License-Identifier: MIT */
/* The resampler's inner loops, by each set of instructions, against plain sums. */
#include "picture/kernel_avx2.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* What processors without AVX2 run. */
__typeof__(kernel_row) older_row;
__typeof__(kernel_bytes) older_bytes;
__typeof__(kernel_words) older_words;
#undef KERNEL_AVX2
#define KERNEL_AVX2 0
#define kernel_row older_row
#define kernel_bytes older_bytes
#define kernel_words older_words
#include "picture/kernel_apply.c"
#undef kernel_row
#undef kernel_bytes
#undef kernel_words

enum { COUNT = 203, ROWS = 24, ROOM = COUNT + KERNEL_BEYOND };

struct samples {
	int16_t weights[ROWS];
	uint8_t bytes[ROWS][ROOM];
	int16_t words[ROWS][ROOM];
	const uint8_t *byte_rows[ROWS];
	const int16_t *word_rows[ROWS];
};

/* Weights as a kernel has them, in part negative, with a sum of about one. */
static void fill(struct samples *samples, unsigned seed)
{
	srand(seed);
	for (size_t row = 0; row < ROWS; row++) {
		samples->weights[row] = (int16_t)(rand() % 2400 - 700);
		for (size_t at = 0; at < ROOM; at++) {
			samples->bytes[row][at] = (uint8_t)rand();
			samples->words[row][at] = (int16_t)(rand() % 16384);
		}
		samples->byte_rows[row] = samples->bytes[row];
		samples->word_rows[row] = samples->words[row];
	}
}

static int16_t bound(int32_t value)
{
	return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* What down the rows becomes of column `at`. */
static int16_t sum_bytes(const struct samples *samples, uint32_t taps, size_t at)
{
	int32_t sum = 1 << (KERNEL_BITS - 7);
	for (uint32_t tap = 0; tap < taps; tap++)
		sum += samples->bytes[tap][at] * samples->weights[tap];
	return bound(sum >> (KERNEL_BITS - 6));
}

static int16_t sum_words(const int16_t *samples, size_t step, const int16_t *weights, uint32_t taps)
{
	int32_t sum = 1 << (KERNEL_BITS - 1);
	for (uint32_t tap = 0; tap < taps; tap++)
		sum += samples[tap * step] * weights[tap];
	return bound(sum >> KERNEL_BITS);
}

static void rows_become_one(void **state)
{
	(void)state;
	struct samples *samples = malloc(sizeof(*samples));
	int16_t out[ROOM], older[ROOM];
	for (uint32_t taps = 2; taps <= ROWS; taps += 2) {
		fill(samples, taps);
		kernel_bytes(samples->byte_rows, samples->weights, taps, out, COUNT);
		older_bytes(samples->byte_rows, samples->weights, taps, older, COUNT);
		for (size_t at = 0; at < COUNT; at++)
			assert_int_equal(out[at], sum_bytes(samples, taps, at));
		assert_memory_equal(out, older, COUNT * sizeof(*out));
		kernel_words(samples->word_rows, samples->weights, taps, out, COUNT);
		older_words(samples->word_rows, samples->weights, taps, older, COUNT);
		for (size_t at = 0; at < COUNT; at++)
			assert_int_equal(out[at],
				sum_words(samples->words[0] + at, ROOM, samples->weights, taps));
		assert_memory_equal(out, older, COUNT * sizeof(*out));
	}
	free(samples);
}

static void a_row_becomes_shorter(void **state)
{
	(void)state;
	static const double ratios[] = {0.4, 1, 1.37, 2, 2.5, 3.1, 7.7, 23};
	struct samples *samples = malloc(sizeof(*samples));
	fill(samples, 1);
	for (size_t at = 0; at < UNIT_COUNT(ratios); at++) {
		struct kernel kernel;
		uint32_t outputs = (uint32_t)(COUNT / ratios[at]);
		int16_t *out = calloc(outputs, sizeof(*out)),
			*older = calloc(outputs, sizeof(*older));
		assert_int_equal(kernel_init(&kernel, 0, ratios[at], outputs, COUNT), 0);
		kernel_row(&kernel, samples->words[0], out);
		older_row(&kernel, samples->words[0], older);
		for (uint32_t i = 0; i < outputs; i++)
			assert_int_equal(out[i], sum_words(samples->words[0] + kernel.first[i], 1,
							 kernel.weights + (size_t)i * kernel.stride,
							 kernel.taps[i]));
		assert_memory_equal(out, older, outputs * sizeof(*out));
		kernel_deinit(&kernel);
		free(out);
		free(older);
	}
	free(samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_one),
		cmocka_unit_test(a_row_becomes_shorter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The resampler alone: what must come out exactly, whatever the shape.
 */
#include "picture/resize.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/kernel.h"

/* Keeps the rows that come. */
struct sink {
	struct stage stage;
	size_t length; /* samples in a row */
	uint32_t rows, most;
	int16_t *samples;
};

static int keep(struct stage *stage, const void *row)
{
	struct sink *sink = (struct sink *)stage;
	assert_in_range(sink->rows, 0, sink->most - 1);
	memcpy(sink->samples + sink->rows++ * sink->length, row, sink->length * sizeof(int16_t));
	return 0;
}

/* Samples of a picture, made where they are asked for: large ones are never in memory. */
typedef unsigned sample_at(uint32_t x, uint32_t y, unsigned channel);

/* The result of a part of the picture, beginning at the shape's origin. The caller frees it. */
static int16_t *resized(const struct resize_shape *shape, sample_at *sample, uint32_t *taken)
{
	struct sink sink = {.stage.row = keep,
		.length = (size_t)shape->out_width * shape->channels,
		.most = shape->out_height};
	sink.samples = calloc(sink.length * shape->out_height, sizeof(int16_t));
	assert_non_null(sink.samples);
	struct resize *resize = NULL;
	assert_int_equal(resize_new(shape, &sink.stage, &resize), 0);
	size_t length = (size_t)shape->width * shape->channels;
	uint8_t *row = malloc(length * 2);
	assert_non_null(row);
	uint32_t y = 0;
	for (int status = 0; y < shape->height && !status; y++) {
		for (uint32_t x = 0; x < shape->width; x++)
			for (unsigned channel = 0; channel < shape->channels; channel++) {
				unsigned value =
					sample(x + shape->origin_x, y + shape->origin_y, channel);
				size_t at = (size_t)x * shape->channels + channel;
				if (shape->wide)
					((int16_t *)(void *)row)[at] = (int16_t)(value * 64);
				else
					row[at] = (uint8_t)value;
			}
		status = stage_row(resize_stage(resize), row);
		assert_int_equal(
			status, shape->stops && sink.rows == shape->out_height ? STAGE_ENOUGH : 0);
	}
	assert_int_equal(sink.rows, shape->out_height);
	if (taken)
		*taken = y;
	free(row);
	resize_free(resize);
	return sink.samples;
}

static unsigned plain(uint32_t x, uint32_t y, unsigned channel)
{
	(void)x;
	(void)y;
	static const unsigned values[] = {255, 0, 127, 1, 254};
	return values[channel];
}

static unsigned mixed(uint32_t x, uint32_t y, unsigned channel)
{
	uint32_t number = (x * 2654435761u) ^ (y * 40503u * 65537u) ^ (channel * 977u);
	return (number ^ number >> 13 ^ number >> 21) & 255;
}

static void a_plain_area_stays_as_it_is(void **state)
{
	(void)state;
	static const uint32_t shapes[][4] = {{100000, 10, 10, 1}, {10, 100000, 1, 10},
		{100000, 1, 1, 1}, {1, 100000, 1, 1}, {1, 1, 1, 1}, {1, 1, 300, 200},
		{2, 3, 301, 7}, {641, 479, 100, 75}, {641, 479, 640, 478}, {20000, 1, 300, 1},
		{999, 998, 1, 997}, {300, 4000, 299, 1}, {17, 17, 16, 500}};
	for (size_t at = 0; at < UNIT_COUNT(shapes); at++)
		for (unsigned variant = 0; variant < 10; variant++) {
			struct resize_shape shape = {.width = shapes[at][0],
				.height = shapes[at][1],
				.channels = variant % 5 + 1,
				.wide = variant >= 5,
				.region = {0, 0, shapes[at][0], shapes[at][1]},
				.out_width = shapes[at][2],
				.out_height = shapes[at][3]};
			int16_t *samples = resized(&shape, plain, NULL);
			for (uint32_t row = 0; row < shape.out_height; row++)
				for (unsigned channel = 0; channel < shape.channels; channel++)
					for (uint32_t x = 0; x < shape.out_width; x++)
						assert_int_equal(
							samples[((size_t)row * shape.channels +
									channel) *
									shape.out_width +
								x],
							plain(0, 0, channel) * 64);
			free(samples);
		}
}

static void nothing_is_resampled_that_keeps_its_size(void **state)
{
	(void)state;
	struct resize_shape shape = {.width = 67,
		.height = 41,
		.channels = 3,
		.region = {5, 7, 50, 30},
		.out_width = 50,
		.out_height = 30,
		.stops = true};
	uint32_t taken;
	int16_t *samples = resized(&shape, mixed, &taken);
	for (uint32_t y = 0; y < 30; y++)
		for (unsigned channel = 0; channel < 3; channel++)
			for (uint32_t x = 0; x < 50; x++)
				assert_int_equal(samples[(y * 3 + channel) * 50 + x],
					mixed(x + 5, y + 7, channel) * 64);
	free(samples);
	/* Not a row more than those. */
	assert_int_equal(taken, 37);
}

/* The same part of a picture, once out of the whole and once out of what is around it. */
static void parts_are_as_the_whole(void **state)
{
	(void)state;
	for (uint32_t ratio = 1; ratio <= 64; ratio += ratio < 8 ? 1 : 7) {
		struct resize_shape shape = {.width = 40 * ratio,
			.height = 30 * ratio,
			.channels = 1,
			.region = {20 * ratio, 10 * ratio, 10 * ratio, 10 * ratio},
			.out_width = 10,
			.out_height = 10};
		int16_t *whole = resized(&shape, mixed, NULL);
		uint32_t reach = (uint32_t)resize_reach(1.0 / ratio) + 3;
		uint32_t right = 30 * ratio + reach, below = 20 * ratio + reach;
		shape.origin_x = 20 * ratio - reach;
		shape.origin_y = 10 * ratio - reach;
		shape.width = (right < shape.width ? right : shape.width) - shape.origin_x;
		shape.height = (below < shape.height ? below : shape.height) - shape.origin_y;
		shape.region.x -= shape.origin_x;
		shape.region.y -= shape.origin_y;
		int16_t *part = resized(&shape, mixed, NULL);
		for (unsigned at = 0; at < 100; at++)
			assert_in_range(part[at] - whole[at] + 1, 0, 2);
		free(whole);
		free(part);
	}
}

/* Weights of a filter with very many of them keep their sum, and none stands out. */
static void many_weights(void **state)
{
	(void)state;
	static const double ratios[] = {1, 1.5, 64, 1000, 16384, 100000};
	for (size_t at = 0; at < UNIT_COUNT(ratios); at++) {
		struct kernel kernel;
		assert_int_equal(
			kernel_init(&kernel, 0, ratios[at], 7, (uint32_t)(7 * ratios[at])), 0);
		for (uint32_t output = 0; output < 7; output++) {
			const int16_t *weights = kernel.weights + (size_t)output * kernel.stride;
			long sum = 0;
			for (uint32_t tap = 0; tap < kernel.stride; tap++) {
				sum += weights[tap];
				if (tap > 0 && tap + 1 < kernel.taps[output] && ratios[at] > 60)
					assert_in_range(weights[tap] + 3000 / ratios[at] + 3, 0,
						20000 / ratios[at] + 6);
			}
			assert_int_equal(sum, 1 << KERNEL_BITS);
			assert_true(kernel.first[output] + kernel.taps[output] <=
				    (uint32_t)(7 * ratios[at]));
		}
		kernel_deinit(&kernel);
	}
}

/* Weights that come again are those that each output would get alone. */
static void weights_that_come_again(void **state)
{
	(void)state;
	static const double ratios[] = {0.25, 1, 2, 1.5, 4.0 / 3, 2.4, 3 + 1.0 / 61, M_PI};
	enum { OUTPUTS = 200 };
	for (size_t at = 0; at < UNIT_COUNT(ratios); at++) {
		double ratio = ratios[at], from = 3.3;
		uint32_t inputs = (uint32_t)(from + OUTPUTS * ratio) + 2;
		struct kernel kernel, alone;
		assert_int_equal(kernel_init(&kernel, from, ratio, OUTPUTS, inputs), 0);
		for (uint32_t output = 0; output < OUTPUTS; output++) {
			const int16_t *weights = kernel.weights + (size_t)output * kernel.stride;
			assert_int_equal(
				kernel_init(&alone, from + output * ratio, ratio, 1, inputs), 0);
			assert_int_equal(kernel.first[output], alone.first[0]);
			assert_int_equal(kernel.taps[output], alone.taps[0]);
			for (uint32_t tap = 0; tap < kernel.stride; tap++)
				assert_in_range(weights[tap] - alone.weights[tap] + 1, 0, 2);
			kernel_deinit(&alone);
		}
		kernel_deinit(&kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_area_stays_as_it_is),
		cmocka_unit_test(nothing_is_resampled_that_keeps_its_size),
		cmocka_unit_test(parts_are_as_the_whole),
		cmocka_unit_test(many_weights),
		cmocka_unit_test(weights_that_come_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * zimg, libswscale and pixman were measured first. zimg computes a plane in 0.2 ms and needs 0.8 ms
 * to prepare for it; a process that makes one picture pays both each time. The tables here take a
 * few microseconds, and the loops are written so that the compiler uses vector instructions.
 */
#include "picture/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"

enum { LOBES = 3, BLOCK = 128 };

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define FOR_EACH_PROCESSOR
#endif

static double lanczos(double x)
{
	if (fabs(x) < 1e-9)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	double pi_x = M_PI * x;
	return LOBES * sin(pi_x) * sin(pi_x / LOBES) / (pi_x * pi_x);
}

/* Weights of samples beyond the edge go to the edge. Returns how many count. */
static uint32_t weigh(
	double centre, double scale, uint32_t inputs, double *real, uint32_t room, uint32_t *first)
{
	double reach = LOBES * scale;
	long low = (long)floor(centre - reach + 0.5), high = (long)floor(centre + reach - 0.5);
	long begin = low < 0 ? 0 : low, end = high >= (long)inputs ? (long)inputs - 1 : high;
	if (begin > (long)inputs - 1)
		begin = (long)inputs - 1;
	if (end < begin)
		end = begin;
	uint32_t taps = (uint32_t)(end - begin + 1);
	if (taps > room)
		taps = room;
	memset(real, 0, taps * sizeof(*real));
	double sum = 0;
	for (long at = low; at <= high; at++) {
		double weight = lanczos(((double)at + 0.5 - centre) / scale);
		long to = at < begin ? 0 : at - begin;
		if (to >= (long)taps)
			to = (long)taps - 1;
		real[to] += weight;
		sum += weight;
	}
	for (uint32_t tap = 0; tap < taps; tap++)
		real[tap] = sum != 0 ? real[tap] / sum : (tap == 0);
	*first = (uint32_t)begin;
	return taps;
}

/* To whole numbers whose sum is one: the error goes to the largest. */
static void round_weights(const double *real, uint32_t taps, int16_t *weights)
{
	int left = 1 << KERNEL_BITS;
	uint32_t largest = 0;
	for (uint32_t tap = 0; tap < taps; tap++) {
		weights[tap] = (int16_t)lrint(real[tap] * (1 << KERNEL_BITS));
		left -= weights[tap];
		if (weights[tap] > weights[largest])
			largest = tap;
	}
	weights[largest] = (int16_t)(weights[largest] + left);
}

int kernel_init(struct kernel *kernel, double from, double ratio, uint32_t outputs, uint32_t inputs)
{
	double scale = ratio > 1 ? ratio : 1;
	uint32_t room = (uint32_t)ceil(2 * LOBES * scale) + 1;
	*kernel = (struct kernel){.outputs = outputs, .stride = (room + 7) & ~7u};
	kernel->first = calloc(outputs, sizeof(*kernel->first));
	kernel->taps = calloc(outputs, sizeof(*kernel->taps));
	kernel->weights = calloc((size_t)outputs * kernel->stride, sizeof(*kernel->weights));
	double *real = calloc(room, sizeof(*real));
	if (!kernel->first || !kernel->taps || !kernel->weights || !real) {
		free(real);
		kernel_deinit(kernel);
		return fault_memory();
	}
	for (uint32_t output = 0; output < outputs; output++) {
		double centre = from + (output + 0.5) * ratio;
		kernel->taps[output] =
			weigh(centre, scale, inputs, real, room, &kernel->first[output]);
		round_weights(real, kernel->taps[output],
			kernel->weights + (size_t)output * kernel->stride);
	}
	free(real);
	return 0;
}

void kernel_deinit(struct kernel *kernel)
{
	free(kernel->first);
	free(kernel->taps);
	free(kernel->weights);
	*kernel = (struct kernel){0};
}

static inline int16_t bounded(int32_t value)
{
	return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

FOR_EACH_PROCESSOR
void kernel_row(const struct kernel *kernel, const int16_t *row, int16_t *out)
{
	const int16_t *weights = kernel->weights;
	for (uint32_t output = 0; output < kernel->outputs; output++, weights += kernel->stride) {
		const int16_t *from = row + kernel->first[output];
		int32_t sum = 1 << (KERNEL_BITS - 1);
		for (uint32_t tap = 0; tap < kernel->taps[output]; tap += 8)
			for (unsigned lane = 0; lane < 8; lane++)
				sum += from[tap + lane] * weights[tap + lane];
		out[output] = bounded(sum >> KERNEL_BITS);
	}
}

/* In blocks that stay in the first cache, two rows at a time. */
FOR_EACH_PROCESSOR
void kernel_bytes(const uint8_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count)
{
	int32_t sums[BLOCK];
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t length = count - at < BLOCK ? count - at : BLOCK;
		for (size_t x = 0; x < BLOCK; x++)
			sums[x] = 1 << (KERNEL_BITS - 7);
		for (uint32_t tap = 0; tap < taps; tap++) {
			const uint8_t *row = rows[tap] + at;
			int16_t weight = weights[tap];
			for (size_t x = 0; x < length; x++)
				sums[x] += (int16_t)row[x] * weight;
		}
		for (size_t x = 0; x < length; x++)
			out[at + x] = bounded(sums[x] >> (KERNEL_BITS - 6));
	}
}

FOR_EACH_PROCESSOR
void kernel_words(const int16_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count)
{
	int32_t sums[BLOCK];
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t length = count - at < BLOCK ? count - at : BLOCK;
		for (size_t x = 0; x < BLOCK; x++)
			sums[x] = 1 << (KERNEL_BITS - 1);
		for (uint32_t tap = 0; tap < taps; tap++) {
			const int16_t *row = rows[tap] + at;
			int16_t weight = weights[tap];
			for (size_t x = 0; x < length; x++)
				sums[x] += row[x] * weight;
		}
		for (size_t x = 0; x < length; x++)
			out[at + x] = bounded(sums[x] >> KERNEL_BITS);
	}
}

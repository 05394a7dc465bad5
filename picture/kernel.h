/* SPDX-License-Identifier: MIT */
/*
 * The weights of the resampling filter for one direction.
 */
#ifndef PICTURE_KERNEL_H
#define PICTURE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* A weight of one; products of a sample of 14 bits with it, and their sums, fit into 32 bits. */
enum { KERNEL_BITS = 14 };

struct kernel {
	uint32_t outputs;
	uint32_t
		stride; /* weights for each output: those that count, then zeros; a multiple of 8 */
	uint32_t *first; /* of each output: the input of its first weight */
	uint32_t *taps;	 /* of each output: how many weights count */
	int16_t *weights;
};

/* Makes the weights: output o covers from + o * ratio to from + (o + 1) * ratio, of `inputs`
 * samples. Each output's weights have the exact sum of one, so that a plain area stays as it is.
 * Returns 0 or a fault. */
int kernel_init(
	struct kernel *kernel, double from, double ratio, uint32_t outputs, uint32_t inputs);
void kernel_deinit(struct kernel *kernel);

/* What a row of `samples` becomes by the kernel in x: the outputs in out. `row` has 8 samples of
 * any value behind its end. */
void kernel_row(const struct kernel *kernel, const int16_t *row, int16_t *out);

/* What the rows become by the kernel in y: one row of `count` samples; rows[0] is the one of the
 * first weight, and there are `taps` of them. */
void kernel_bytes(const uint8_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count);
void kernel_words(const int16_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count);

#endif

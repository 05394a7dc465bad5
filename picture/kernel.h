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

enum { KERNEL_BEYOND = 15 };

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

/* What a row of samples becomes by the kernel: all outputs. Up to 7 samples behind the end of the
 * row are read, whatever they are. */
void kernel_row(const struct kernel *kernel, const int16_t *row, int16_t *out);

/* What the rows become: one row of `count` samples; rows[0] is the one of the first weight. Where
 * `taps` is odd, there is one row more, of weight zero. Up to KERNEL_BEYOND samples behind the end
 * of each row are read, and as many are written behind the end of `out`. */
void kernel_bytes(const uint8_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count);
void kernel_words(const int16_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What all encoders have in common: they take the rows of the result, upright and in sRGB, and add
 * bytes to an output.
 */
#ifndef PICTURE_ENCODER_H
#define PICTURE_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/output.h"
#include "picture/stage.h"

enum encoder_format { FORMAT_NONE, FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP, FORMAT_AVIF };

struct encoder_options {
	unsigned quality; /* 1 to 100 */
	int effort;	  /* 0 (fast) to 9; -1: the format's own default */
	bool bitonal;	  /* all samples are 0 or 255 */
};

/* Rows are uint8_t. planes 1: samples side by side, of `channels` 1 (gray), 2 (gray, alpha), 3
 * (RGB) or 4 (RGBA); alpha is not multiplied in. planes 3: Y, Cb and Cr as JPEG has them (full
 * range, BT.601), Cb and Cr with half the sides, rounded up. */
struct encoder_shape {
	uint32_t width, height;
	unsigned planes, channels;
};

struct encoder {
	struct stage stages[3]; /* one for each plane */
	/* See planes.h. */
	int (*plane_row)(struct encoder *encoder, unsigned plane, const void *row);
	/* All rows have come: the rest of the bytes. Returns 0 or a fault. */
	int (*finish)(struct encoder *encoder);
	void (*free)(struct encoder *encoder);
};

/* Whether the format takes Y, Cb, Cr planes, and alpha. */
bool encoder_takes_planes(enum encoder_format format);
bool encoder_takes_alpha(enum encoder_format format);

/* The most pixels of a side. */
uint32_t encoder_side_max(enum encoder_format format);

/* The output is borrowed. Returns 0 or a fault. */
int encoder_new(enum encoder_format format, const struct encoder_shape *shape,
	const struct encoder_options *options, struct output *output, struct encoder **encoder);
void encoder_free(struct encoder *encoder);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The stage behind the resampler: from samples with fractions to bytes. It takes the alpha out of
 * the colours again, converts them to sRGB, and makes gray or black and white of them.
 */
#ifndef PICTURE_FINISH_H
#define PICTURE_FINISH_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/stage.h"

struct colour; /* colour.h */

struct finish_shape {
	uint32_t width;
	unsigned channels; /* of a row that comes: gray or colours, then alpha */
	bool alpha;	   /* the last channel is alpha, and the others are multiplied with it */
	const struct colour *colour; /* to sRGB; NULL: gray and RGB stay as they are */
	unsigned out_channels;	     /* 1, 2, 3, 4: see encoder.h */
	bool bitonal;		     /* black and white by a threshold */
	bool flatten;		     /* alpha becomes the background; a row has none */
	uint8_t background[3];
};

struct finish;

/* Rows: width int16_t of the first channel, then of the next … (resize.h). `target` gets rows of
 * bytes, side by side, and is borrowed. Returns 0 or a fault. */
int finish_new(const struct finish_shape *shape, struct stage *target, struct finish **finish);
struct stage *finish_stage(struct finish *finish);
void finish_free(struct finish *finish);

#endif

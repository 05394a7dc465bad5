/* SPDX-License-Identifier: MIT */
/*
 * Resampling by rows: Lanczos with three lobes, widened by the ratio where a picture gets smaller.
 * Where it gets much smaller, the mean of whole blocks comes first, so that at least a ratio of
 * six is left to the filter. Edges are repeated outwards.
 */
#ifndef PICTURE_RESIZE_H
#define PICTURE_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/stage.h"

struct resize;

/* The part of the input that becomes the whole output, in samples of the input; the sample at
 * (0, 0) covers 0 to 1. It may reach over the edges by a fraction. */
struct resize_region {
	double x, y, width, height;
};

struct resize_shape {
	uint32_t width, height; /* of the input */
	unsigned channels;	/* samples for each pixel, side by side: 1 to 5 */
	bool wide; /* an input sample is an int16_t up to STAGE_WHITE; else a uint8_t */
	/* Where the input begins in the whole picture, in samples: parts of one picture that are
	 * made one by one fit together then. */
	uint32_t origin_x, origin_y;
	bool stops; /* STAGE_ENOUGH comes behind the last row that counts */
	struct resize_region region;
	uint32_t out_width, out_height;
};

/* `target` gets out_height rows: out_width int16_t of the first channel, then of the next, and so
 * on (STAGE_WHITE is white). It is borrowed. Returns 0 or a fault. */
int resize_new(const struct resize_shape *shape, struct stage *target, struct resize **resize);
void resize_free(struct resize *resize);

/* Takes the rows of the input. */
struct stage *resize_stage(struct resize *resize);

/* How far around the region samples can count that the resampler looks at, in pixels of the source,
 * when the result has `scale` pixels for each of them; samples are at least as fine as the result,
 * by half as much again where the decoder has made them smaller. */
double resize_reach(double scale);

#endif

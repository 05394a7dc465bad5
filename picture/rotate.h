/* SPDX-License-Identifier: MIT */
/*
 * Any angle, after the resampler. The picture is kept until its last row has come, then sampled
 * where the pixels of the result come from: cubic (Catmull-Rom), edges smooth, and transparent
 * where no picture is.
 */
#ifndef PICTURE_ROTATE_H
#define PICTURE_ROTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/geometry.h"
#include "picture/stage.h"

struct rotate_shape {
	uint32_t width, height; /* of the rows that come */
	unsigned channels;
	bool alpha; /* the last channel is alpha, and the others are multiplied with it */
	struct geometry_affine affine; /* where a pixel of the result is in what comes */
	uint32_t out_width, out_height;
	bool beside; /* rows that go on have their samples side by side, as resize.h takes them */
};

struct rotate;

/* Rows come as resize.h gives them: width int16_t of the first channel, then of the next … They go
 * on in the same way unless `beside`; the last channel is alpha then, one more than have come where
 * there was none. The target is borrowed. Returns 0 or a fault. */
int rotate_new(const struct rotate_shape *shape, struct stage *target, struct rotate **rotate);
struct stage *rotate_stage(struct rotate *rotate);
void rotate_free(struct rotate *rotate);

#endif

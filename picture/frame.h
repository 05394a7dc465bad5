/* SPDX-License-Identifier: MIT */
/*
 * A result in memory: a frame of an animation, because its encoder compares frames, or a small
 * picture to look at.
 */
#ifndef PICTURE_FRAME_H
#define PICTURE_FRAME_H

#include <stdint.h>

#include "picture/encoder.h"

struct frame {
	uint32_t width, height;
	uint32_t *argb; /* width * height numbers 0xAARRGGBB, alpha not multiplied in */
};

/* An "encoder" that fills the frame: what is in it already is reused where the sides are the same.
 * The frame is borrowed. Returns 0 or a fault. */
int frame_encoder_new(
	struct frame *frame, const struct encoder_shape *shape, struct encoder **encoder);
void frame_deinit(struct frame *frame);

#endif

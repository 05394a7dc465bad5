/* SPDX-License-Identifier: MIT */
/*
 * Frames of a result, all of the same size, become one animated WebP.
 */
#ifndef PICTURE_WEBP_ANIMATION_H
#define PICTURE_WEBP_ANIMATION_H

#include <stdint.h>

#include "picture/encoder.h"
#include "picture/frame.h"
#include "picture/output.h"

struct webp_animation;

/* loops: how often it is shown, 0: for ever. Returns 0 or a fault. */
int webp_animation_new(
	const struct encoder_options *options, uint32_t loops, struct webp_animation **animation);
void webp_animation_free(struct webp_animation *animation);

/* The next frame and how long it is shown. Its memory may be exchanged for another's of the same
 * size. Returns 0 or a fault. */
int webp_animation_add(struct webp_animation *animation, struct frame *frame, uint32_t duration_ms);

/* Adds the file to the output: a still, where all frames look the same. Returns 0 or a fault. */
int webp_animation_finish(struct webp_animation *animation, struct output *output);

#endif

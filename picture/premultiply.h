/* SPDX-License-Identifier: MIT */
/*
 * The stage before the resampler, for rows that are not simply bytes: samples of 16 bits, and
 * colours with alpha. Colours are multiplied with their alpha, or the colour of invisible pixels
 * would come out at the edges of visible ones.
 */
#ifndef PICTURE_PREMULTIPLY_H
#define PICTURE_PREMULTIPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/stage.h"

struct premultiply;

/* Takes rows of width pixels, `channels` samples each: uint16_t up to 65535 when `wide`, else
 * uint8_t; with `alpha`, it is the last one. The target, which is borrowed, gets int16_t samples
 * up to STAGE_WHITE. Returns 0 or a fault. */
int premultiply_new(uint32_t width, unsigned channels, bool alpha, bool wide, struct stage *target,
	struct premultiply **premultiply);
struct stage *premultiply_stage(struct premultiply *premultiply);
void premultiply_free(struct premultiply *premultiply);

#endif

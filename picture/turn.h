/* SPDX-License-Identifier: MIT */
/*
 * Mirrors and quarter turns of the resampled rows. A mirror across goes row by row; for all others
 * the rows are kept until the last has come.
 */
#ifndef PICTURE_TURN_H
#define PICTURE_TURN_H

#include <stdint.h>

#include "picture/stage.h"

struct turn;

/* Rows of width pixels of `pixel` bytes come, `height` of them; the target, which is borrowed, gets
 * them as the orientation (EXIF, 2 to 8) wants them. Returns 0 or a fault. */
int turn_new(uint32_t width, uint32_t height, unsigned pixel, unsigned orientation,
	struct stage *target, struct turn **turn);
struct stage *turn_stage(struct turn *turn);
void turn_free(struct turn *turn);

#endif

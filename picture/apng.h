/* SPDX-License-Identifier: MIT */
/* The frames of an animated PNG (PNG specification, third edition, 4.9 and 11.3.6). */
#ifndef PICTURE_APNG_H
#define PICTURE_APNG_H

#include <stdint.h>

#include "picture/png_file.h"

struct apng;

/* The file, which is borrowed, has been read and says that it is animated. Returns 0 or a fault. */
int apng_new(struct png_file *file, struct apng **apng);
void apng_free(struct apng *apng);

/* Makes the next frame. Returns 0, a fault, or -1 after the last. */
int apng_next(struct apng *apng, uint32_t *duration_ms);

/* The whole canvas as it is seen: RGBA, row by row; alpha is not multiplied in. */
const uint8_t *apng_canvas(const struct apng *apng);

#endif

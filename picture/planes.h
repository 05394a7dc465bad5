/* SPDX-License-Identifier: MIT */
/* For encoders that take Y, Cb and Cr as planes: one function for the rows of all three. */
#ifndef PICTURE_PLANES_H
#define PICTURE_PLANES_H

#include "picture/encoder.h"

/* The encoder's stages hand their rows on to `row`, with the number of the plane. A stage may be
 * given another function afterwards. */
void planes_take(struct encoder *encoder,
	int (*row)(struct encoder *encoder, unsigned plane, const void *row));

#endif

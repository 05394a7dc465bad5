/* SPDX-License-Identifier: MIT */
/* From the samples of a decoded AVIF to rows. */
#ifndef PICTURE_AVIF_PIXELS_H
#define PICTURE_AVIF_PIXELS_H

#include <stdbool.h>
#include <avif/avif.h>

#include "picture/decoder.h"

struct avif_library;

struct avif_pixels {
	const struct avif_library *library;
	avifCropRect whole; /* of the decoded picture: what is seen */
	avifCropRect part;  /* of it: what is pushed */
	bool planes;	    /* as they are stored; only the range is made full */
};

/* Decides what is pushed, before the picture is decoded: fills in `part`, `planes` and the layout.
 */
void avif_pixels_layout(struct avif_pixels *pixels, const avifImage *image,
	const struct decoder_wish *wish, const struct decoder_header *header,
	struct decoder_layout *layout);

/* Pushes it. The image has the format and depth of the one before. Returns 0 or a fault. */
int avif_pixels_push(const struct avif_pixels *pixels, const avifImage *image,
	const struct decoder_header *header, const struct decoder_layout *layout,
	struct stage *const *stages);

#endif

/* SPDX-License-Identifier: MIT */
/* Reads a TIFF a row of tiles at a time, or of strips that libtiff converts. */
#ifndef PICTURE_TIFF_TILES_H
#define PICTURE_TIFF_TILES_H

#include "picture/stage.h"
#include "picture/tiff_page.h"

struct tiff_part;

/* Pushes the part, which begins and ends with tiles (or with the picture). Returns 0 or a fault. */
int tiff_tiles_push(struct tiff_source *source, const struct tiff_page *page,
	const struct tiff_part *part, struct stage *stage);

#endif

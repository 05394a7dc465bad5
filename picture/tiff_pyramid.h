/* SPDX-License-Identifier: MIT */
/* The same picture in smaller sizes, in one TIFF. */
#ifndef PICTURE_TIFF_PYRAMID_H
#define PICTURE_TIFF_PYRAMID_H

#include "picture/tiff_rows.h"

/* Finds the smallest one that has at least `width` pixels in a row: *place is the first page when
 * there is none. The current directory is any one afterwards. */
void tiff_pyramid_find(struct tiff_source *source, const struct tiff_page *first, double width,
	struct tiff_place *place);

#endif

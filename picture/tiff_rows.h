/* SPDX-License-Identifier: MIT */
/* Reads the rows of a TIFF's page. */
#ifndef PICTURE_TIFF_ROWS_H
#define PICTURE_TIFF_ROWS_H

#include "picture/stage.h"
#include "picture/tiff_page.h"

/* Where a page stands: the number of its directory, or the offset of one that hangs on the first.
 */
struct tiff_place {
	uint16_t number;
	uint64_t sub; /* 0: none */
};

/* What is read of a page: whole tiles, or whole rows from the beginning of a strip on. */
struct tiff_part {
	uint32_t left, top, right, bottom;
};

/* Makes the page of that place the current one. Returns 0 or a fault. */
int tiff_place_go(struct tiff_source *source, const struct tiff_place *place);

/* Pushes the part. The source stands at the place. Returns 0 or a fault. */
int tiff_rows_push(struct tiff_source *source, const struct decoder_limits *limits,
	const struct tiff_place *place, const struct tiff_page *page, const struct tiff_part *part,
	struct stage *stage);

#endif

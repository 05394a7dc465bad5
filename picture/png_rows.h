/* SPDX-License-Identifier: MIT */
/* The pixels of one picture in a PNG file, row by row. */
#ifndef PICTURE_PNG_ROWS_H
#define PICTURE_PNG_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/png_file.h"
#include "picture/stage.h"

struct png_picture {
	uint32_t width, height;
	uint64_t data;	    /* the first IDAT or fdAT */
	bool frame;	    /* of fdAT chunks */
	uint32_t *sequence; /* of a frame: the number that its first fdAT has; counted on */
	bool rgba;	    /* pushes four bytes for each pixel, whatever the file has */
};

/* Pushes all rows. Without `rgba`: gray or RGB, then alpha where the file has it; uint16_t where it
 * has 16 bits, else bytes. Returns 0 or a fault. */
int png_rows_push(struct png_file *file, const struct png_picture *picture, struct stage *target);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What libpng does for such pictures is to unfold the data and to undo the filters. Both are
 * quicker here, and nothing else has to be done.
 */
#include "picture/png_quick.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/png_filter.h"
#include "picture/png_inflate.h"

static unsigned samples(const struct png_file *file)
{
	return (file->colour & 2 ? 3 : 1) + (file->colour & 4 ? 1 : 0);
}

bool png_quick_can(const struct png_file *file, const struct png_picture *picture)
{
	return file->depth == 8 && !file->interlace && !(file->colour & 1) &&
	       !file->transparency_length && (!picture->rgba || samples(file) == 4);
}

/* `rows` has room for two rows, each behind its filter's byte. */
static int push(struct png_inflate *inflate, const struct png_picture *picture, unsigned pixel,
	uint8_t *rows, struct stage *target)
{
	size_t length = (size_t)picture->width * pixel, stride = 1 + length + PNG_FILTER_ROOM;
	uint8_t *row = rows, *above = rows + stride;
	for (uint32_t y = 0; y < picture->height; y++) {
		int status = png_inflate_read(inflate, row, 1 + length);
		if (!status && *row >= PNG_FILTERED_KINDS)
			status = fault(FAULT_BROKEN, "png: the pixels are damaged");
		if (status)
			return status;
		png_filter_undo(*row, row + 1, above + 1, length, pixel);
		status = stage_row(target, row + 1);
		if (status)
			return status;
		uint8_t *other = above;
		above = row;
		row = other;
	}
	return 0;
}

int png_quick_push(
	struct png_stream *stream, const struct png_picture *picture, struct stage *target)
{
	unsigned pixel = samples(stream->file);
	if (picture->width > (SIZE_MAX / 2 - 1 - PNG_FILTER_ROOM) / pixel)
		return fault_memory();
	uint8_t *rows = calloc(2, 1 + (size_t)picture->width * pixel + PNG_FILTER_ROOM);
	struct png_inflate *inflate = NULL;
	int status = rows ? png_inflate_new(stream, &inflate) : fault_memory();
	if (!status)
		status = push(inflate, picture, pixel, rows, target);
	if (!status)
		status = png_stream_end(stream);
	png_inflate_free(inflate);
	free(rows);
	return status;
}

/* SPDX-License-Identifier: MIT */
/* Rows of bytes that are pushed as they are stored: the quick way. */
#ifndef PICTURE_PNG_QUICK_H
#define PICTURE_PNG_QUICK_H

#include "picture/png_rows.h"
#include "picture/png_stream.h"

/* Whether the picture is of that kind: 8 bits, neither interlaced nor with a palette or with
 * transparency that stands beside it. */
bool png_quick_can(const struct png_file *file, const struct png_picture *picture);

/* As png_rows_push; the stream is at its beginning, and at its end afterwards. */
int png_quick_push(
	struct png_stream *stream, const struct png_picture *picture, struct stage *target);

#endif

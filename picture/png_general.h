/* SPDX-License-Identifier: MIT */
/* Rows by libpng, which knows all kinds of PNG. */
#ifndef PICTURE_PNG_GENERAL_H
#define PICTURE_PNG_GENERAL_H

#include "picture/png_rows.h"
#include "picture/png_stream.h"

/* As png_rows_push; the stream is at its beginning, and at its end afterwards. */
int png_general_push(
	struct png_stream *stream, const struct png_picture *picture, struct stage *target);

#endif

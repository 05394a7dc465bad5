/* SPDX-License-Identifier: MIT */
/* The compressed bytes of one picture in a PNG file: what its chunks of pixels have, one behind the
 * other, their sums checked. */
#ifndef PICTURE_PNG_STREAM_H
#define PICTURE_PNG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picture/png_file.h"

struct png_stream {
	struct png_file *file;
	uint64_t at;	   /* where in the file */
	bool frame;	   /* fdAT chunks, whose numbers are checked, too; else IDAT */
	uint32_t sequence; /* of the next fdAT */
	bool in_chunk;
	uint32_t left; /* bytes of the chunk */
	uint32_t sum;  /* of the chunk so far */
};

/* The next piece, at most PNG_FILE_WINDOW; it is valid until the file is read again. After the last
 * one the length is 0. Returns 0 or a fault. */
int png_stream_next(struct png_stream *stream, const uint8_t **bytes, size_t *length);

/* Goes to the end: what is behind the pixels counts for nothing, but must be there and sound.
 * Returns 0 or a fault. */
int png_stream_end(struct png_stream *stream);

#endif

/* SPDX-License-Identifier: MIT */
/* Unfolds zlib's format (RFC 1950) from the pieces of a picture. */
#ifndef PICTURE_PNG_INFLATE_H
#define PICTURE_PNG_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "picture/png_stream.h"

struct png_inflate;

/* The stream is borrowed. Returns 0 or a fault. */
int png_inflate_new(struct png_stream *stream, struct png_inflate **inflate);
void png_inflate_free(struct png_inflate *reader);

/* The next `length` bytes. Returns 0 or a fault: when there are fewer, too. */
int png_inflate_read(struct png_inflate *reader, uint8_t *bytes, size_t length);

#endif

/* SPDX-License-Identifier: MIT */
/* What a JPEG's markers say about the picture. */
#ifndef PICTURE_JPEG_METADATA_H
#define PICTURE_JPEG_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jpeglib.h>

struct jpeg_metadata {
	unsigned orientation;
	uint8_t *profile; /* from the library, by malloc */
	size_t profile_length;
	bool inverted; /* CMYK where 255 is no ink */
};

/* Before the header is read: which markers are kept. */
void jpeg_metadata_ask(struct jpeg_decompress_struct *info);

/* After it. Leaves by the error manager's way, too. Returns 0. */
int jpeg_metadata_read(struct jpeg_decompress_struct *info, struct jpeg_metadata *metadata);
void jpeg_metadata_deinit(struct jpeg_metadata *metadata);

#endif

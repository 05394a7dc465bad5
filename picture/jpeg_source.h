/* SPDX-License-Identifier: MIT */
/* How libjpeg reads an input, and how its errors and warnings become faults. */
#ifndef PICTURE_JPEG_SOURCE_H
#define PICTURE_JPEG_SOURCE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jpeglib.h>

#include "picture/input.h"

/* Begins with libjpeg's own structure, which points back to here. `escape` must be set before a
 * call of the library; it is left by longjmp(3) with a fault. */
struct jpeg_errors {
	struct jpeg_error_mgr manager;
	jmp_buf escape;
	int status;
};

/* Sets up an error manager: an error, and a warning that means a damaged picture, leave by
 * `escape` with their fault; harmless warnings (stray bytes between markers) are nothing. */
void jpeg_errors_init(struct jpeg_errors *errors, j_common_ptr info);

struct jpeg_source {
	struct jpeg_source_mgr manager;
	struct input *input;
	uint64_t offset;
	uint8_t bytes[16 * 1024]; /* few pages, which each process gets anew */
};

/* Both are borrowed by the decompressor. */
void jpeg_source_init(
	struct jpeg_source *source, struct input *input, struct jpeg_decompress_struct *info);

#endif

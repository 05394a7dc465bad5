/* SPDX-License-Identifier: MIT */
/* How libtiff reads an input, and how its errors become faults. */
#ifndef PICTURE_TIFF_SOURCE_H
#define PICTURE_TIFF_SOURCE_H

#include "picture/decoder.h"
#include "picture/tiff_library.h"

struct tiff_source {
	const struct tiff_library *library;
	struct input *input;
	uint64_t offset;
	TIFF *file;
	unsigned errors; /* that libtiff has told, and warnings of a damaged picture */
	char text[160];	 /* the first of them */
	bool cut;	 /* a value of a directory lies behind the end */
};

/* Opens its first directory. The input is borrowed, and so is the source by the library. Returns 0
 * or a fault. */
int tiff_source_open(struct tiff_source *source, struct input *input, uint64_t pixels);
void tiff_source_close(struct tiff_source *source);

/* Forgets errors: those of a directory that can be read are none. */
void tiff_source_forgive(struct tiff_source *source);

/* Whether something has gone wrong since then: a fault, else 0. */
int tiff_source_check(const struct tiff_source *source);

#endif

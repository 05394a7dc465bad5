/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_SNIFF_BYTES_H
#define SRC_SOURCE_SNIFF_BYTES_H

/*
 * Inside of sniff: a file's first bytes, read with bounds, and the formats that have a file of
 * their own. Reading behind the end gives 0, so a truncated header becomes an unknown size and
 * never a crash.
 */

#include "src/source/sniff.h"

struct bytes {
	const unsigned char *data;
	size_t size;
};

bool bytes_are(struct bytes bytes, size_t at, const void *what, size_t len);

/* For a literal: its length without the NUL. */
#define bytes_have(bytes, at, literal) bytes_are(bytes, at, literal, sizeof(literal) - 1)

/* width: 1 to 8 bytes, big or little end first. */
uint64_t bytes_big(struct bytes bytes, size_t at, unsigned width);
uint64_t bytes_little(struct bytes bytes, size_t at, unsigned width);

/* What is left behind `at`, at most `size` of it. */
struct bytes bytes_cut(struct bytes bytes, uint64_t at, uint64_t size);

/* Keeps the larger picture: a file that declares two sizes is as large as it can be read. */
void sniff_grow(struct sniff *sniff, uint64_t width, uint64_t height);

/* base: where the bytes stand in the file. Both set the sides, or more_at. (sniff_picture.c) */
void sniff_jpeg_markers(struct bytes bytes, uint64_t base, struct sniff *result);
void sniff_tiff_directory(struct bytes bytes, struct sniff *result);

/* Each fills *result and returns true when the bytes are of its kind. */
bool sniff_picture(struct bytes bytes, struct sniff *result);	/* sniff_picture.c */
bool sniff_jxl(struct bytes bytes, struct sniff *result);	/* sniff_jxl.c */
bool sniff_boxes(struct bytes bytes, struct sniff *result);	/* sniff_boxes.c: ISO base media */
bool sniff_container(struct bytes bytes, struct sniff *result); /* sniff_media.c */
bool sniff_stream(
	struct bytes bytes, struct sniff *result); /* sniff_media.c: frames without a header */
bool sniff_svg(struct bytes bytes, struct sniff *result);  /* sniff_text.c */
bool sniff_text(struct bytes bytes, struct sniff *result); /* sniff_text.c */

#endif

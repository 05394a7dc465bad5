/* SPDX-License-Identifier: MIT */
/* The filters of PNG (PNG specification, 9), for rows of whole bytes. */
#ifndef PICTURE_PNG_FILTER_H
#define PICTURE_PNG_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PNG_FILTERED_NONE,
	PNG_FILTERED_SUB,
	PNG_FILTERED_UP,
	PNG_FILTERED_AVERAGE,
	PNG_FILTERED_PAETH,
	PNG_FILTERED_KINDS
};

/* What may be read, and written, behind a row. */
enum { PNG_FILTER_ROOM = 32 };

/* Undoes a filter in place: a row of `length` bytes, `pixel` (1 to 4) bytes for each pixel, below
 * the row `above`, which is zero for the first one. */
void png_filter_undo(
	unsigned kind, uint8_t *row, const uint8_t *above, size_t length, unsigned pixel);

/* Filters a row in all ways: results[kind] gets `length` bytes. `row` and the row `above`, which is
 * zero for the first one, have `pixel` bytes of zero in front. Returns the best kind. */
unsigned png_filter_choose(const uint8_t *row, const uint8_t *above, size_t length, unsigned pixel,
	uint8_t *const *results);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * Text that is put together in a buffer of a fixed size. A call whose text does not fit appends
 * nothing and sets `overflow`, so a caller checks once, at the end. The text always ends with a
 * NUL.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;
	size_t size; /* of the buffer, with the NUL */
	size_t len;
	bool overflow;
};

/* Begins an empty text in buffer; size is at least 1. The buffer stays the caller's. */
void text_init(struct text *text, char *buffer, size_t size);
void text_append(struct text *text, const void *data, size_t len);
void text_puts(struct text *text, const char *string);
/* In decimal. */
void text_count(struct text *text, uint64_t value);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Appends `string` so that it can stand in one line of a log: printable ASCII as it is; quote,
 * backslash and all other bytes as \xNN. Longer text than max bytes is cut and ends with "...". */
void text_escaped(struct text *text, const char *string, size_t max);

/* "EIO (Input/output error)". error: an errno, positive. */
void text_error(struct text *text, int error);

/* The end of `string`: at most max bytes, and only whole words when something is cut off. A first
 * word that is longer than half of it is cut at a character. */
const char *text_end(const char *string, size_t max);

#endif

/* SPDX-License-Identifier: MIT */
/* The bounds are checked here and nowhere else: whoever reads a header by these functions cannot
 * read behind it. */
#include "src/source/sniff_bytes.h"

#include <string.h>

bool bytes_are(struct bytes bytes, size_t at, const void *what, size_t len)
{
	return at <= bytes.size && len <= bytes.size - at && !memcmp(bytes.data + at, what, len);
}

static bool holds(struct bytes bytes, size_t at, unsigned width)
{
	return at <= bytes.size && width <= bytes.size - at;
}

uint64_t bytes_big(struct bytes bytes, size_t at, unsigned width)
{
	uint64_t value = 0;
	for (unsigned i = 0; holds(bytes, at, width) && i < width; i++)
		value = value << 8 | bytes.data[at + i];
	return value;
}

uint64_t bytes_little(struct bytes bytes, size_t at, unsigned width)
{
	uint64_t value = 0;
	for (unsigned i = width; holds(bytes, at, width) && i-- > 0;)
		value = value << 8 | bytes.data[at + i];
	return value;
}

struct bytes bytes_cut(struct bytes bytes, uint64_t at, uint64_t size)
{
	if (at >= bytes.size)
		return (struct bytes){.data = bytes.data, .size = 0};
	size_t left = bytes.size - (size_t)at;
	return (struct bytes){
		.data = bytes.data + at,
		.size = size < left ? (size_t)size : left,
	};
}

void sniff_grow(struct sniff *sniff, uint64_t width, uint64_t height)
{
	/* Sides have at most 32 bits in every format, so the products fit. */
	if (width * height > sniff->width * sniff->height ||
		(sniff->width == 0 && sniff->height == 0)) {
		sniff->width = width;
		sniff->height = height;
	}
}

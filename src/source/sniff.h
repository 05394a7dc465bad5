/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_SNIFF_H
#define SRC_SOURCE_SNIFF_H

/*
 * The type of a file from its first bytes, and a picture's declared sides. SNIFF_BYTES are enough
 * but for a JPEG with much metadata and for TIFF, whose directory may stand anywhere: see more_at.
 * Pure, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/http/media_type.h"

enum { SNIFF_BYTES = 65536 };

struct sniff {
	enum media_type type;
	/* Of the picture as the header declares it; 0 where unknown. 64 bits: 65535 x 65535 does
	 * not fit 32. */
	uint64_t width, height;
	uint64_t more_at;   /* where the file goes on about the sides, behind the given bytes; 0:
			       nowhere */
	bool little_endian; /* TIFF */
};

/* data: the first `size` bytes of a file. Reads nothing behind them. */
struct sniff sniff(const unsigned char *data, size_t size);

/* Goes on with the bytes of the file from more_at on, which sniff gave: it may be set again. */
void sniff_more(struct sniff *sniff, const unsigned char *data, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The first box lists brands. The major one comes first, but may be a general one (mif1), so the
 * first brand that belongs to a decoder decides.
 */
#include "picture/bmff.h"

#include <string.h>

#include "picture/avif.h"
#include "picture/fault.h"
#include "picture/heif.h"

struct brand {
	char name[5];
	int (*open)(struct input *input, const struct decoder_limits *limits, bool animated,
		struct decoder **decoder);
};

static const struct brand brands[] = {
	{"avif", avif_decoder_open},
	{"avis", avif_decoder_open},
	{"heic", heif_decoder_open},
	{"heix", heif_decoder_open},
	{"heim", heif_decoder_open},
	{"heis", heif_decoder_open},
	{"hevc", heif_decoder_open},
	{"hevx", heif_decoder_open},
	/* Any picture: only where no other brand stands. */
	{"mif1", heif_decoder_open},
};

enum { BRANDS = sizeof(brands) / sizeof(*brands), GENERAL = BRANDS - 1 };

static size_t find(const uint8_t *name)
{
	size_t at = 0;
	while (at < BRANDS && memcmp(brands[at].name, name, 4) != 0)
		at++;
	return at;
}

int bmff_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder)
{
	/* A size, "ftyp", the major brand, its version, and the others. */
	uint8_t box[256];
	size_t length = input_read(input, 0, box, sizeof(box));
	size_t size = (size_t)box[0] << 24 | (size_t)box[1] << 16 | (size_t)box[2] << 8 | box[3];
	if (length > size)
		length = size;
	size_t found = BRANDS;
	for (size_t at = 8; at + 4 <= length && found >= GENERAL; at += at == 8 ? 8 : 4) {
		size_t brand = find(box + at);
		if (brand < BRANDS)
			found = brand;
	}
	if (found < BRANDS)
		return brands[found].open(input, limits, animated, decoder);
	return fault(FAULT_UNSUPPORTED, "the source is no picture of a known type");
}

/* SPDX-License-Identifier: MIT */
/*
 * The first box lists brands. The major one comes first, but may be a general one (mif1), so the
 * first brand that belongs to a decoder decides.
 */
#include "picture/bmff.h"

#include <string.h>

#include "picture/avif.h"
#include "picture/fault.h"

struct brand {
	char name[5];
	int (*open)(struct input *input, const struct decoder_limits *limits, bool animated,
		struct decoder **decoder);
};

static const struct brand brands[] = {
	{"avif", avif_decoder_open},
	{"avis", avif_decoder_open},
};

static const struct brand *find(const uint8_t *name)
{
	for (size_t at = 0; at < sizeof(brands) / sizeof(*brands); at++)
		if (!memcmp(brands[at].name, name, 4))
			return &brands[at];
	return NULL;
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
	for (size_t at = 8; at + 4 <= length; at += at == 8 ? 8 : 4) {
		const struct brand *brand = find(box + at);
		if (brand)
			return brand->open(input, limits, animated, decoder);
	}
	return fault(FAULT_UNSUPPORTED, "the source is no picture of a known type");
}

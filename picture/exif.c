/* SPDX-License-Identifier: MIT */
/*
 * EXIF is a TIFF file; only the orientation of its first directory counts here. A block that makes
 * no sense says nothing: odd EXIF is common and no reason to refuse a photo. The words in front of
 * it belong to JPEG, but some programs write them into PNG and WebP, too.
 */
#include "picture/decoder.h"

#include <string.h>

struct exif {
	const uint8_t *bytes;
	size_t length;
	bool big;
};

static uint32_t number(const struct exif *exif, size_t at, unsigned count)
{
	uint32_t value = 0;
	for (unsigned byte = 0; byte < count; byte++)
		value |= (uint32_t)exif->bytes[at + byte]
			 << 8 * (exif->big ? count - 1 - byte : byte);
	return value;
}

unsigned decoder_exif_orientation(const uint8_t *bytes, size_t length)
{
	static const uint8_t prefix[6] = "Exif\0";
	if (length > sizeof(prefix) && !memcmp(bytes, prefix, sizeof(prefix))) {
		bytes += sizeof(prefix);
		length -= sizeof(prefix);
	}
	struct exif exif = {bytes, length, false};
	if (length < 14)
		return 1;
	if (bytes[0] == 'M' && bytes[1] == 'M')
		exif.big = true;
	else if (bytes[0] != 'I' || bytes[1] != 'I')
		return 1;
	size_t at = number(&exif, 4, 4);
	if (at < 8 || at > length - 2)
		return 1;
	uint32_t entries = number(&exif, at, 2);
	at += 2;
	for (uint32_t entry = 0; entry < entries && length - at >= 12; entry++, at += 12) {
		if (number(&exif, at, 2) != 0x0112)
			continue;
		uint32_t value = number(&exif, at + 8, number(&exif, at + 2, 2) == 4 ? 4 : 2);
		return value >= 1 && value <= 8 ? value : 1;
	}
	return 1;
}

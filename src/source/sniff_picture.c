/* SPDX-License-Identifier: MIT */
/*
 * Raster pictures with a signature, and the sides that they declare: what a decoder would allocate
 * for, long before it finds out whether the data exists.
 */
#include "src/source/sniff_bytes.h"

/* Markers up to the frame header (ITU T.81 B.1.1). Thumbnails lie within APPn and are stepped over.
 */
void sniff_jpeg_markers(struct bytes bytes, uint64_t base, struct sniff *result)
{
	size_t at = 0;
	result->more_at = 0;
	while (at + 4 <= bytes.size) {
		if (bytes.data[at] != 0xff) {
			/* Decoders look for the next marker here, too. */
			at++;
			continue;
		}
		unsigned char marker = bytes.data[at + 1];
		if (marker == 0xff) {
			at++;
			continue;
		}
		bool alone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
		if (marker == 0xd9 || marker == 0xda)
			return;
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
			marker != 0xcc) {
			if (bytes.size - at < 9)
				break;
			result->height = bytes_big(bytes, at + 5, 2);
			result->width = bytes_big(bytes, at + 7, 2);
			return;
		}
		at += alone ? 2 : 2 + (size_t)bytes_big(bytes, at + 2, 2);
	}
	result->more_at = base + at;
}

/* Chunks of RIFF WEBP. An extended header declares a canvas, the frames within declare their own.
 */
static void size_webp(struct bytes bytes, struct sniff *result)
{
	size_t at = 12;
	while (at + 8 <= bytes.size) {
		struct bytes chunk = bytes_cut(bytes, at + 8, UINT64_MAX);
		if (bytes_have(bytes, at, "VP8 ") && bytes_have(chunk, 3, "\x9d\x01\x2a"))
			sniff_grow(result, bytes_little(chunk, 6, 2) & 0x3fff,
				bytes_little(chunk, 8, 2) & 0x3fff);
		else if (bytes_have(bytes, at, "VP8L") && bytes_have(chunk, 0, "\x2f") &&
			 chunk.size >= 5)
			sniff_grow(result, (bytes_little(chunk, 1, 4) & 0x3fff) + 1,
				(bytes_little(chunk, 1, 4) >> 14 & 0x3fff) + 1);
		else if (bytes_have(bytes, at, "VP8X") && chunk.size >= 10)
			sniff_grow(result, bytes_little(chunk, 4, 3) + 1,
				bytes_little(chunk, 7, 3) + 1);
		uint64_t size = bytes_little(bytes, at + 4, 4);
		if (size > bytes.size)
			return;
		at += 8 + (size_t)(size + (size & 1));
	}
}

/* One directory (TIFF 6.0 section 2); the same tags say the sides everywhere. */
void sniff_tiff_directory(struct bytes directory, struct sniff *result)
{
	uint64_t (*get)(struct bytes, size_t, unsigned) =
		result->little_endian ? bytes_little : bytes_big;
	uint64_t count = get(directory, 0, 2);
	result->more_at = 0;
	for (uint64_t i = 0; i < count && 2 + 12 * (i + 1) <= directory.size; i++) {
		size_t entry = 2 + 12 * (size_t)i;
		uint64_t tag = get(directory, entry, 2), type = get(directory, entry + 2, 2);
		uint64_t value = get(directory, entry + 8, type == 3 ? 2 : type == 4 ? 4 : 1);
		if (tag == 256 && value > result->width)
			result->width = value;
		else if (tag == 257 && value > result->height)
			result->height = value;
	}
}

/* libtiff writes the first directory behind the pixels. */
static void size_tiff(struct bytes bytes, struct sniff *result)
{
	result->little_endian = bytes.data[0] == 'I';
	uint64_t (*get)(struct bytes, size_t, unsigned) =
		result->little_endian ? bytes_little : bytes_big;
	if (get(bytes, 2, 2) != 42)
		return;
	uint64_t at = get(bytes, 4, 4);
	struct bytes directory = bytes_cut(bytes, at, UINT64_MAX);
	sniff_tiff_directory(directory, result);
	bool cut = directory.size < 2 || 2 + 12 * get(directory, 0, 2) > directory.size;
	if (cut && (result->width == 0 || result->height == 0))
		result->more_at = at;
}

static bool is_bmp(struct bytes bytes)
{
	if (!bytes_have(bytes, 0, "BM"))
		return false;
	switch (bytes_little(bytes, 14, 4)) {
	case 12:
	case 16:
	case 40:
	case 52:
	case 56:
	case 64:
	case 108:
	case 124:
		return true;
	default:
		return false;
	}
}

static void size_bmp(struct bytes bytes, struct sniff *result)
{
	if (bytes_little(bytes, 14, 4) == 12) {
		result->width = bytes_little(bytes, 18, 2);
		result->height = bytes_little(bytes, 20, 2);
		return;
	}
	uint64_t height = bytes_little(bytes, 22, 4);
	result->width = bytes_little(bytes, 18, 4);
	/* Negative: from the top down. */
	result->height = height > INT32_MAX ? ((uint64_t)1 << 32) - height : height;
}

bool sniff_picture(struct bytes bytes, struct sniff *result)
{
	if (bytes_have(bytes, 0, "\xff\xd8\xff")) {
		result->type = MEDIA_JPEG;
		sniff_jpeg_markers(bytes_cut(bytes, 2, UINT64_MAX), 2, result);
	} else if (bytes_have(bytes, 0, "\x89PNG\r\n\x1a\n")) {
		result->type = MEDIA_PNG;
		if (bytes_have(bytes, 12, "IHDR")) {
			result->width = bytes_big(bytes, 16, 4);
			result->height = bytes_big(bytes, 20, 4);
		}
	} else if (bytes_have(bytes, 0, "GIF87a") || bytes_have(bytes, 0, "GIF89a")) {
		result->type = MEDIA_GIF;
		result->width = bytes_little(bytes, 6, 2);
		result->height = bytes_little(bytes, 8, 2);
	} else if (bytes_have(bytes, 0, "RIFF") && bytes_have(bytes, 8, "WEBP")) {
		result->type = MEDIA_WEBP;
		size_webp(bytes, result);
	} else if (bytes_have(bytes, 0, "II\x2a\0") || bytes_have(bytes, 0, "MM\0\x2a") ||
		   bytes_have(bytes, 0, "II\x2b\0") || bytes_have(bytes, 0, "MM\0\x2b")) {
		result->type = MEDIA_TIFF;
		size_tiff(bytes, result);
	} else if (is_bmp(bytes)) {
		result->type = MEDIA_BMP;
		size_bmp(bytes, result);
	} else {
		return false;
	}
	return true;
}

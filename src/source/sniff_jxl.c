/* SPDX-License-Identifier: MIT */
/*
 * JPEG XL (ISO/IEC 18181-1): a codestream, or boxes with one in them. Its sides stand in the first
 * bits, packed from the lowest bit on, and the width may be said by the height and a ratio.
 */
#include "src/source/sniff_bytes.h"

struct bits {
	struct bytes bytes;
	uint64_t at;
};

static uint64_t take(struct bits *bits, unsigned count)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < count; i++, bits->at++)
		value |= (bytes_little(bits->bytes, bits->at / 8, 1) >> bits->at % 8 & 1) << i;
	return value;
}

static uint64_t take_side(struct bits *bits, bool small)
{
	static const unsigned widths[] = {9, 13, 18, 30};
	if (small)
		return (take(bits, 5) + 1) * 8;
	return take(bits, widths[take(bits, 2)]) + 1;
}

static void size_codestream(struct bytes bytes, struct sniff *result)
{
	static const struct {
		unsigned of, to;
	} ratios[] = {{0, 0}, {1, 1}, {12, 10}, {4, 3}, {3, 2}, {16, 9}, {5, 4}, {2, 1}};
	struct bits bits = {bytes_cut(bytes, 2, UINT64_MAX), 0};
	bool small = take(&bits, 1);
	uint64_t height = take_side(&bits, small), ratio = take(&bits, 3);
	uint64_t width =
		ratio ? height * ratios[ratio].of / ratios[ratio].to : take_side(&bits, small);
	if ((bits.at + 7) / 8 > bits.bytes.size)
		return;
	result->width = width;
	result->height = height;
}

bool sniff_jxl(struct bytes bytes, struct sniff *result)
{
	result->type = MEDIA_JXL;
	if (bytes_have(bytes, 0, "\xff\x0a")) {
		size_codestream(bytes, result);
		return true;
	}
	if (!bytes_have(bytes, 0, "\0\0\0\x0cJXL \x0d\x0a\x87\x0a"))
		return false;
	for (uint64_t at = 12; at + 8 <= bytes.size;) {
		uint64_t size = bytes_big(bytes, at, 4), header = 8;
		if (size == 1) {
			header = 16;
			size = bytes_big(bytes, at + 8, 8);
		}
		/* A codestream in pieces (`jxlp`) has a number in front of each. */
		uint64_t body = at + header + (bytes_have(bytes, at + 4, "jxlp") ? 4 : 0);
		if (bytes_have(bytes, at + 4, "jxlc") || bytes_have(bytes, at + 4, "jxlp")) {
			struct bytes stream = bytes_cut(bytes, body, UINT64_MAX);
			if (bytes_have(stream, 0, "\xff\x0a"))
				size_codestream(stream, result);
			break;
		}
		if (size < header || size > bytes.size)
			break;
		at += size;
	}
	return true;
}

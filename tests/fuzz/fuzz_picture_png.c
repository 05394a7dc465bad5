/* SPDX-License-Identifier: MIT */
/*
 * A chunk has a sum, and a wrong one ends the matter before anything else is looked at. So a
 * mutation puts most sums right again.
 */
#include "tests/fuzz/fuzz_picture.h"

#include "picture/deflate_library.h"

enum { OPTIONS = 8, SIGNATURE = 8 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

static uint32_t number(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	const struct deflate_library *deflate;
	MUST(!deflate_library(&deflate));
	size = LLVMFuzzerMutate(data, size, room);
	for (size_t at = OPTIONS + SIGNATURE; seed % 16 && size >= 12 && at <= size - 12;) {
		uint32_t length = number(data + at);
		if (length > size - at - 12)
			break;
		uint32_t sum = deflate->crc32(0, data + at + 4, 4 + (size_t)length);
		for (unsigned byte = 0; byte < 4; byte++)
			data[at + 8 + length + byte] = (uint8_t)(sum >> (24 - 8 * byte));
		at += 12 + (size_t)length;
	}
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_picture(data, size, 0, "\x89PNG\r\n\x1a\n", 8);
}

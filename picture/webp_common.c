/* SPDX-License-Identifier: MIT */
/*
 * What the ways in and out share. The ranges are converted by plain arithmetic, which the compiler
 * makes vector instructions of: a table would be slower, and would have to be made first.
 */
#include "picture/webp.h"

#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include "picture/fault.h"

int webp_decoding_fault(int status)
{
	switch (status) {
	case VP8_STATUS_OK:
		return 0;
	case VP8_STATUS_OUT_OF_MEMORY:
		return fault_memory();
	case VP8_STATUS_UNSUPPORTED_FEATURE:
		return fault(FAULT_UNSUPPORTED, "webp: a feature that libwebp does not have");
	case VP8_STATUS_NOT_ENOUGH_DATA:
	case VP8_STATUS_SUSPENDED:
		return fault(FAULT_BROKEN, "webp: the file is cut short");
	default:
		return fault(FAULT_BROKEN, "webp: the picture is damaged");
	}
}

int webp_encoding_fault(int error)
{
	switch (error) {
	case VP8_ENC_ERROR_OUT_OF_MEMORY:
	case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY:
	case VP8_ENC_ERROR_BAD_WRITE: /* Our writer fails for this reason only. */
		return fault_memory();
	default:
		return fault(FAULT_LIMIT, "webp: the picture cannot be encoded (error %d)", error);
	}
}

/* value / 255, rounded, of at most 65535 - 383. */
static inline uint16_t by_255(uint16_t value)
{
	uint16_t more = (uint16_t)(value + 128);
	return (uint16_t)((more + (more >> 8)) >> 8);
}

static inline uint16_t bounded(uint16_t value, uint16_t least, uint16_t most)
{
	return value < least ? least : value > most ? most : value;
}

static inline uint8_t full_luma(uint8_t sample)
{
	uint16_t above = (uint16_t)(bounded(sample, 16, 235) - 16);
	return (uint8_t)((uint16_t)(above * 298 + 128) >> 8); /* 255 / 219 */
}

static inline uint8_t full_chroma(uint8_t sample)
{
	/* 255 / 224 in 7 bits, the second product being the rest of it, and a half. */
	uint16_t above = (uint16_t)(bounded(sample, 16, 240) - 16);
	uint16_t rest = (uint16_t)((uint16_t)(above * 183) >> 8);
	return (uint8_t)((uint16_t)(above * 145 + rest + 127) >> 7);
}

static inline uint8_t video_luma(uint8_t sample)
{
	return (uint8_t)(by_255((uint16_t)(sample * 219)) + 16);
}

static inline uint8_t video_chroma(uint8_t sample)
{
	return (uint8_t)(by_255((uint16_t)(sample * 224 + 143)) + 15); /* 128 - 128 * 224 / 255 */
}

/* The compiler makes vector instructions of a loop whose length it knows, on memory of its own. */
#define DEFINE_ROW(name, convert)                                                                  \
	static void name(const uint8_t *from, uint8_t *to, size_t count)                           \
	{                                                                                          \
		uint8_t block[16];                                                                 \
		for (; count >= 16; count -= 16, from += 16, to += 16) {                           \
			memcpy(block, from, sizeof(block));                                        \
			for (unsigned at = 0; at < 16; at++)                                       \
				block[at] = convert(block[at]);                                    \
			memcpy(to, block, sizeof(block));                                          \
		}                                                                                  \
		for (size_t at = 0; at < count; at++)                                              \
			to[at] = convert(from[at]);                                                \
	}
DEFINE_ROW(full_luma_row, full_luma)
DEFINE_ROW(full_chroma_row, full_chroma)
DEFINE_ROW(video_luma_row, video_luma)
DEFINE_ROW(video_chroma_row, video_chroma)

void webp_range_to_full(const uint8_t *from, uint8_t *to, size_t count, bool chroma)
{
	(chroma ? full_chroma_row : full_luma_row)(from, to, count);
}

void webp_range_to_video(const uint8_t *from, uint8_t *to, size_t count, bool chroma)
{
	(chroma ? video_chroma_row : video_luma_row)(from, to, count);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the ways in and out share. The ranges are converted by plain arithmetic, which the compiler
 * makes vector instructions of: a table would be slower, and would have to be made first.
 */
#include "picture/webp.h"

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

/* (sample - from_low) * to_range / from_range + to_low, rounded, in 16 bits of fraction. */
static inline uint8_t rescaled(uint8_t sample, int32_t factor, int32_t from_low, int32_t to_low)
{
	int32_t value = ((sample - from_low) * factor + (to_low << 16) + (1 << 15)) >> 16;
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void webp_range_to_full(const uint8_t *from, uint8_t *to, size_t count, bool chroma)
{
	int32_t factor = chroma ? 255 * 65536 / 224 : 255 * 65536 / 219;
	int32_t low = chroma ? 128 : 16, high = chroma ? 128 : 0;
	for (size_t at = 0; at < count; at++)
		to[at] = rescaled(from[at], factor, low, high);
}

void webp_range_to_video(const uint8_t *from, uint8_t *to, size_t count, bool chroma)
{
	int32_t factor = chroma ? 224 * 65536 / 255 : 219 * 65536 / 255;
	int32_t low = chroma ? 128 : 0, high = chroma ? 128 : 16;
	for (size_t at = 0; at < count; at++)
		to[at] = rescaled(from[at], factor, low, high);
}

/* SPDX-License-Identifier: MIT */
/*
 * Most of the time of a PNG goes here. Measured on photographs of 2048x1536 and 8000x6000 pixels,
 * with a row at a time: ISA-L needs a third of the time of zlib 1.2, as little as libdeflate, which
 * wants the whole result in memory. Where there is no ISA-L, zlib does it.
 *
 * The sum behind the data (Adler-32) is not looked at: each chunk has a better one, which has been
 * checked.
 */
#include "picture/png_inflate.h"

#include <limits.h>
#include <stdlib.h>

#include "picture/fault.h"

#ifdef PICTURE_ISAL
#include "picture/isal_library.h"

struct png_inflate {
	const struct isal_library *isal;
	struct png_stream *stream;
	struct inflate_state state;
};

/* One byte of the head, which may be spread over chunks. */
static int head_byte(struct png_inflate *reader, uint8_t *byte)
{
	const uint8_t *bytes = reader->state.next_in;
	size_t length = reader->state.avail_in;
	if (!length) {
		int status = png_stream_next(reader->stream, &bytes, &length);
		if (status)
			return status;
	}
	if (!length)
		return fault(FAULT_BROKEN, "png: there are no pixels");
	*byte = *bytes;
	reader->state.next_in = (uint8_t *)(uintptr_t)(bytes + 1);
	reader->state.avail_in = (uint32_t)(length - 1);
	return 0;
}

int png_inflate_new(struct png_stream *stream, struct png_inflate **result)
{
	const struct isal_library *isal;
	int status = isal_library(&isal);
	if (status)
		return status;
	struct png_inflate *reader = malloc(sizeof(*reader));
	if (!reader)
		return fault_memory();
	reader->isal = isal;
	reader->stream = stream;
	isal->inflate_init(&reader->state);
	reader->state.avail_in = 0;
	uint8_t method = 0, flags = 0;
	status = head_byte(reader, &method);
	if (!status)
		status = head_byte(reader, &flags);
	if (!status && ((method & 15) != 8 || method >> 4 > 7 || (method << 8 | flags) % 31 ||
			       (flags & 0x20)))
		status = fault(FAULT_BROKEN, "png: the pixels are no zlib data");
	if (status) {
		free(reader);
		return status;
	}
	*result = reader;
	return 0;
}

void png_inflate_free(struct png_inflate *reader)
{
	free(reader);
}

/* At most UINT32_MAX bytes. */
int png_inflate_read(struct png_inflate *reader, uint8_t *bytes, size_t length)
{
	struct inflate_state *state = &reader->state;
	if (length > UINT32_MAX)
		return fault_memory();
	state->next_out = bytes;
	state->avail_out = (uint32_t)length;
	while (state->avail_out) {
		uint32_t before = state->avail_out;
		if (reader->isal->inflate(state) != ISAL_DECOMP_OK)
			return fault(FAULT_BROKEN, "png: the pixels are damaged");
		if (state->avail_out < before)
			continue;
		const uint8_t *piece = NULL;
		size_t more = 0;
		int status = state->avail_in || state->block_state == ISAL_BLOCK_FINISH
				     ? 0
				     : png_stream_next(reader->stream, &piece, &more);
		if (status)
			return status;
		if (!more)
			return fault(FAULT_BROKEN, "png: pixels are missing");
		state->next_in = (uint8_t *)(uintptr_t)piece;
		state->avail_in = (uint32_t)more;
	}
	return 0;
}

#else
#include "picture/zlib_library.h"

struct png_inflate {
	const struct zlib_library *zlib;
	struct png_stream *stream;
	z_stream state;
};

int png_inflate_new(struct png_stream *stream, struct png_inflate **result)
{
	const struct zlib_library *zlib;
	int status = zlib_library(&zlib);
	if (status)
		return status;
	struct png_inflate *reader = calloc(1, sizeof(*reader));
	if (!reader ||
		zlib->inflate_init(&reader->state, ZLIB_VERSION, sizeof(reader->state)) != Z_OK) {
		free(reader);
		return fault_memory();
	}
	reader->stream = stream;
	reader->zlib = zlib;
	zlib->inflate_validate(&reader->state, 0);
	*result = reader;
	return 0;
}

void png_inflate_free(struct png_inflate *reader)
{
	if (reader)
		reader->zlib->inflate_end(&reader->state);
	free(reader);
}

int png_inflate_read(struct png_inflate *reader, uint8_t *bytes, size_t length)
{
	z_stream *state = &reader->state;
	if (length > UINT_MAX)
		return fault_memory();
	state->next_out = bytes;
	state->avail_out = (uInt)length;
	while (state->avail_out) {
		if (!state->avail_in) {
			const uint8_t *piece = NULL;
			size_t more = 0;
			int status = png_stream_next(reader->stream, &piece, &more);
			if (status)
				return status;
			state->next_in = (Bytef *)(uintptr_t)piece;
			state->avail_in = (uInt)more;
		}
		int done = reader->zlib->inflate(state, Z_NO_FLUSH);
		if ((done != Z_OK && done != Z_STREAM_END) ||
			(done == Z_STREAM_END && state->avail_out))
			return fault(FAULT_BROKEN, "png: the pixels are damaged");
	}
	return 0;
}
#endif

/* SPDX-License-Identifier: MIT */
/*
 * The sums are computed by libdeflate, ten times as fast as by zlib 1.2.
 */
#include "picture/png_stream.h"

#include "picture/deflate_library.h"
#include "picture/fault.h"

/* The head of the next chunk with pixels. *more: there is one. */
static int open_chunk(struct png_stream *stream, bool *more)
{
	uint32_t wanted = stream->frame ? PNG_FILE_FDAT : PNG_FILE_IDAT;
	const uint8_t type[4] = {(uint8_t)(wanted >> 24), (uint8_t)(wanted >> 16),
		(uint8_t)(wanted >> 8), (uint8_t)wanted};
	const uint8_t *number;
	struct png_chunk chunk;
	int status = png_file_chunk(stream->file, stream->at, &chunk);
	*more = !status && chunk.type == wanted;
	if (!*more)
		return status;
	stream->at = chunk.data;
	stream->left = chunk.length;
	stream->sum = stream->file->deflate->crc32(0, type, sizeof(type));
	stream->in_chunk = true;
	if (!stream->frame)
		return 0;
	if (stream->left < 4 || png_file_bytes(stream->file, stream->at, 4, &number) < 4 ||
		png_file_number(number) != stream->sequence)
		return fault(FAULT_BROKEN, "png: a frame's chunks are not in order");
	stream->sum = stream->file->deflate->crc32(stream->sum, number, 4);
	stream->sequence++;
	stream->at += 4;
	stream->left -= 4;
	return 0;
}

static int close_chunk(struct png_stream *stream)
{
	const uint8_t *sum;
	if (png_file_bytes(stream->file, stream->at, 4, &sum) < 4 ||
		png_file_number(sum) != stream->sum)
		return fault(FAULT_BROKEN, "png: the pixels are damaged");
	stream->at += 4;
	stream->in_chunk = false;
	return 0;
}

int png_stream_next(struct png_stream *stream, const uint8_t **bytes, size_t *length)
{
	*length = 0;
	/* Empty chunks are allowed; each is twelve bytes further in the file. */
	while (!stream->left) {
		bool more = false;
		int status = stream->in_chunk ? close_chunk(stream) : 0;
		if (!status)
			status = open_chunk(stream, &more);
		if (status || !more)
			return status;
	}
	size_t wanted = stream->left < PNG_FILE_WINDOW ? stream->left : PNG_FILE_WINDOW;
	if (png_file_bytes(stream->file, stream->at, wanted, bytes) < wanted)
		return fault(FAULT_BROKEN, "png: the end is missing");
	stream->sum = stream->file->deflate->crc32(stream->sum, *bytes, wanted);
	stream->at += wanted;
	stream->left -= (uint32_t)wanted;
	*length = wanted;
	return 0;
}

int png_stream_end(struct png_stream *stream)
{
	const uint8_t *bytes;
	size_t length;
	do {
		int status = png_stream_next(stream, &bytes, &length);
		if (status)
			return status;
	} while (length);
	return 0;
}

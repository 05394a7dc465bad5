/* SPDX-License-Identifier: MIT */
/*
 * libdeflate is three times as fast as zlib for the same size, but wants all bytes at once. So what
 * is not too large is collected first; larger results go through zlib as they come.
 */
#include "picture/png_pack.h"

#include <stdlib.h>
#include <string.h>

#include "picture/deflate_library.h"
#include "picture/fault.h"
#include "picture/png_file.h"
#include "picture/zlib_library.h"

/* Of pixels; a chunk of zlib's. */
enum { WHOLE_MAX = 16 << 20, PIECE = 256 << 10 };

struct png_pack {
	struct output *output;
	const struct deflate_library *deflate;
	const struct zlib_library *zlib; /* where it is streaming */
	int effort;
	uint8_t *bytes; /* all that has come; with zlib: a chunk to be */
	size_t length, room;
	z_stream stream;
	bool streaming;
};

/* libdeflate's levels 2 to 4 make photographs larger than 1 does, in more time. */
static const struct {
	int libdeflate, zlib;
} levels[] = {{1, 1}, {1, 3}, {5, 4}, {6, 5}, {7, 6}, {8, 6}, {9, 7}, {10, 8}, {11, 9}, {12, 9}};

static void number(uint8_t *bytes, uint32_t value)
{
	for (unsigned at = 0; at < 4; at++)
		bytes[at] = (uint8_t)(value >> (24 - 8 * at));
}

/* A chunk whose `length` bytes of data stand 8 bytes behind the output's end already. */
static void close_chunk(const struct png_pack *pack, uint32_t type, size_t length)
{
	struct output *output = pack->output;
	uint8_t *chunk = output->bytes + output->length;
	number(chunk, (uint32_t)length);
	number(chunk + 4, type);
	number(chunk + 8 + length, pack->deflate->crc32(0, chunk + 4, 4 + length));
	output->length += 12 + length;
}

int png_pack_chunk(struct png_pack *pack, uint32_t type, const uint8_t *bytes, size_t length)
{
	struct output *output = pack->output;
	int status = output_reserve(output, 12 + length);
	if (status)
		return status;
	if (length)
		memcpy(output->bytes + output->length + 8, bytes, length);
	close_chunk(pack, type, length);
	return 0;
}

int png_pack_new(uint64_t length, int effort, struct output *output, struct png_pack **result)
{
	const struct deflate_library *deflate;
	const struct zlib_library *zlib = NULL;
	bool streaming = length > WHOLE_MAX;
	int status = deflate_library(&deflate);
	if (!status && streaming)
		status = zlib_library(&zlib);
	if (status)
		return status;
	struct png_pack *pack = calloc(1, sizeof(*pack));
	if (!pack)
		return fault_memory();
	pack->output = output;
	pack->deflate = deflate;
	pack->zlib = zlib;
	pack->effort = effort;
	pack->streaming = streaming;
	pack->room = pack->streaming ? PIECE : (size_t)length;
	pack->bytes = malloc(pack->room);
	if (!pack->bytes || (streaming && zlib->deflate_init(&pack->stream, levels[effort].zlib,
						  ZLIB_VERSION, sizeof(pack->stream)) != Z_OK)) {
		free(pack->bytes);
		free(pack);
		return fault_memory();
	}
	pack->stream.next_out = pack->bytes;
	pack->stream.avail_out = PIECE;
	*result = pack;
	return 0;
}

void png_pack_free(struct png_pack *pack)
{
	if (!pack)
		return;
	if (pack->streaming)
		pack->zlib->deflate_end(&pack->stream);
	free(pack->bytes);
	free(pack);
}

/* What zlib has made becomes a chunk. */
static int flush(struct png_pack *pack)
{
	z_stream *stream = &pack->stream;
	int status = png_pack_chunk(pack, PNG_FILE_IDAT, pack->bytes, PIECE - stream->avail_out);
	stream->next_out = pack->bytes;
	stream->avail_out = PIECE;
	return status;
}

int png_pack_add(struct png_pack *pack, const uint8_t *bytes, size_t length)
{
	if (!pack->streaming) {
		if (length > pack->room - pack->length)
			length = pack->room - pack->length;
		memcpy(pack->bytes + pack->length, bytes, length);
		pack->length += length;
		return 0;
	}
	pack->stream.next_in = (Bytef *)(uintptr_t)bytes;
	pack->stream.avail_in = (uInt)length;
	int status = 0;
	while (pack->stream.avail_in && !status) {
		pack->zlib->deflate(&pack->stream, Z_NO_FLUSH);
		if (!pack->stream.avail_out)
			status = flush(pack);
	}
	return status;
}

static int finish_whole(struct png_pack *pack)
{
	struct output *output = pack->output;
	const struct deflate_library *deflate = pack->deflate;
	struct libdeflate_compressor *compressor = deflate->alloc(levels[pack->effort].libdeflate);
	size_t most = deflate->bound(compressor, pack->length);
	if (!compressor)
		return fault_memory();
	int status = output_reserve(output, 12 + most);
	if (!status) {
		size_t length = deflate->compress(compressor, pack->bytes, pack->length,
			output->bytes + output->length + 8, most);
		close_chunk(pack, PNG_FILE_IDAT, length);
	}
	deflate->free(compressor);
	return status;
}

int png_pack_finish(struct png_pack *pack)
{
	if (!pack->streaming)
		return finish_whole(pack);
	int made = Z_OK, status = 0;
	pack->stream.avail_in = 0;
	while (made == Z_OK && !status) {
		made = pack->zlib->deflate(&pack->stream, Z_FINISH);
		status = flush(pack);
	}
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * A profile is compressed, so that it could unfold to any size. Its own first four bytes say how
 * long it is: no more than that is ever unfolded, and no more than a bound.
 */
#include "picture/png_profile.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/zlib_library.h"

/* Profiles of printers with fine tables have 2 to 3 MiB. */
enum { NAME_MAX_LENGTH = 79, PROFILE_MIN = 132, PROFILE_MAX = 8 << 20 };

/* Unfolds exactly `length` bytes; returns whether there were as many. */
static bool unfold(const struct zlib_library *zlib, z_stream *stream, uint8_t *bytes, size_t length)
{
	stream->next_out = bytes;
	stream->avail_out = (uInt)length;
	int status = zlib->inflate(stream, Z_SYNC_FLUSH);
	return (status == Z_OK || status == Z_STREAM_END) && !stream->avail_out;
}

int png_profile_read(struct png_file *file, const uint8_t *bytes, size_t length)
{
	const uint8_t *end =
		memchr(bytes, 0, length < NAME_MAX_LENGTH + 1 ? length : NAME_MAX_LENGTH + 1);
	if (!end || (size_t)(end - bytes) + 2 >= length || end[1] != 0)
		return 0;
	const struct zlib_library *zlib;
	int status = zlib_library(&zlib);
	if (status)
		return status;
	z_stream stream = {0};
	stream.next_in = (Bytef *)(uintptr_t)(end + 2);
	stream.avail_in = (uInt)(length - (size_t)(end + 2 - bytes));
	if (zlib->inflate_init(&stream, ZLIB_VERSION, sizeof(stream)) != Z_OK)
		return fault_memory();
	uint8_t head[4];
	uint32_t wanted = unfold(zlib, &stream, head, sizeof(head)) ? png_file_number(head) : 0;
	if (wanted >= PROFILE_MIN && wanted <= PROFILE_MAX) {
		file->profile = malloc(wanted);
		if (file->profile) {
			memcpy(file->profile, head, sizeof(head));
			file->profile_length = wanted;
			if (!unfold(zlib, &stream, file->profile + sizeof(head),
				    wanted - sizeof(head))) {
				free(file->profile);
				file->profile = NULL;
				file->profile_length = 0;
			}
		}
	}
	zlib->inflate_end(&stream);
	return 0;
}

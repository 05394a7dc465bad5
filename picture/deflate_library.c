/* SPDX-License-Identifier: MIT */
#include "picture/deflate_library.h"

#include "picture/library.h"

static struct deflate_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct deflate_library, member, function)

static const struct library_function functions[] = {
	ROW(crc32, libdeflate_crc32),
	ROW(alloc, libdeflate_alloc_compressor),
	ROW(free, libdeflate_free_compressor),
	ROW(bound, libdeflate_zlib_compress_bound),
	ROW(compress, libdeflate_zlib_compress),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_DEFLATE_LIBRARY, .kind = "png", .functions = functions, .table = &table};

int deflate_library(const struct deflate_library **result)
{
	*result = &table;
	return library_open(&library);
}

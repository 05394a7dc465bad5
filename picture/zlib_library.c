/* SPDX-License-Identifier: MIT */
#include "picture/zlib_library.h"

#include "picture/library.h"

static struct zlib_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct zlib_library, member, function)

static const struct library_function functions[] = {
	ROW(inflate_init, inflateInit_),
	ROW(inflate_validate, inflateValidate),
	ROW(inflate, inflate),
	ROW(inflate_end, inflateEnd),
	ROW(deflate_init, deflateInit_),
	ROW(deflate, deflate),
	ROW(deflate_end, deflateEnd),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_ZLIB_LIBRARY, .kind = "png", .functions = functions, .table = &table};

int zlib_library(const struct zlib_library **result)
{
	*result = &table;
	return library_open(&library);
}

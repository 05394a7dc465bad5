/* SPDX-License-Identifier: MIT */
#include "picture/isal_library.h"

#include "picture/library.h"

static struct isal_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct isal_library, member, function)

static const struct library_function functions[] = {
	ROW(inflate_init, isal_inflate_init),
	ROW(inflate, isal_inflate),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_ISAL_LIBRARY, .kind = "png", .functions = functions, .table = &table};

int isal_library(const struct isal_library **result)
{
	*result = &table;
	return library_open(&library);
}

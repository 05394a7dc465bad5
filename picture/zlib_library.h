/* SPDX-License-Identifier: MIT */
/* The functions of zlib that this program uses. */
#ifndef PICTURE_ZLIB_LIBRARY_H
#define PICTURE_ZLIB_LIBRARY_H

#include <zlib.h>

/* Each has the type of the function in zlib's header. */
struct zlib_library {
	__typeof__(&inflateInit_) inflate_init;
	__typeof__(&inflateValidate) inflate_validate;
	__typeof__(&inflate) inflate;
	__typeof__(&inflateEnd) inflate_end;
	__typeof__(&deflateInit_) deflate_init;
	__typeof__(&deflate) deflate;
	__typeof__(&deflateEnd) deflate_end;
};

/* Loads the library. Returns 0 or a fault. */
int zlib_library(const struct zlib_library **library);

#endif

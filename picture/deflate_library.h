/* SPDX-License-Identifier: MIT */
/* The functions of libdeflate that this program uses. */
#ifndef PICTURE_DEFLATE_LIBRARY_H
#define PICTURE_DEFLATE_LIBRARY_H

#include <libdeflate.h>

/* Each has the type of the function in libdeflate's header. */
struct deflate_library {
	__typeof__(&libdeflate_crc32) crc32;
	__typeof__(&libdeflate_alloc_compressor) alloc;
	__typeof__(&libdeflate_free_compressor) free;
	__typeof__(&libdeflate_zlib_compress_bound) bound;
	__typeof__(&libdeflate_zlib_compress) compress;
};

/* Loads the library. Returns 0 or a fault. */
int deflate_library(const struct deflate_library **library);

#endif

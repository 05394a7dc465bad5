/* SPDX-License-Identifier: MIT */
/* The functions of libwebp that this program uses. */
#ifndef PICTURE_WEBP_LIBRARY_H
#define PICTURE_WEBP_LIBRARY_H

#include <webp/decode.h>
#include <webp/encode.h>

/* Each has the type of the function in libwebp's header. */
struct webp_library {
	__typeof__(&WebPInitDecoderConfigInternal) decoder_config;
	__typeof__(&WebPGetFeaturesInternal) features;
	__typeof__(&WebPDecode) decode;
	__typeof__(&WebPFreeDecBuffer) decoded_free;
	__typeof__(&WebPConfigInitInternal) config;
	__typeof__(&WebPPictureInitInternal) picture;
	__typeof__(&WebPPictureAlloc) picture_alloc;
	__typeof__(&WebPPictureFree) picture_free;
	__typeof__(&WebPPictureImportRGB) import_rgb;
	__typeof__(&WebPPictureImportRGBA) import_rgba;
	__typeof__(&WebPEncode) encode;
	__typeof__(&WebPMemoryWriterInit) memory;
	__typeof__(&WebPMemoryWrite) memory_write;
	__typeof__(&WebPMemoryWriterClear) memory_clear;
	__typeof__(&WebPFree) free;
};

/* Loads the library. Returns 0 or a fault. */
int webp_library(const struct webp_library **library);

#endif

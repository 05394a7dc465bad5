/* SPDX-License-Identifier: MIT */
#include "picture/webp_library.h"

#include "picture/library.h"

static struct webp_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct webp_library, member, function)

static const struct library_function functions[] = {
	ROW(decoder_config, WebPInitDecoderConfigInternal),
	ROW(features, WebPGetFeaturesInternal),
	ROW(decode, WebPDecode),
	ROW(decoded_free, WebPFreeDecBuffer),
	ROW(config, WebPConfigInitInternal),
	ROW(picture, WebPPictureInitInternal),
	ROW(picture_alloc, WebPPictureAlloc),
	ROW(picture_free, WebPPictureFree),
	ROW(import_rgb, WebPPictureImportRGB),
	ROW(import_rgba, WebPPictureImportRGBA),
	ROW(encode, WebPEncode),
	ROW(memory, WebPMemoryWriterInit),
	ROW(memory_write, WebPMemoryWrite),
	ROW(memory_clear, WebPMemoryWriterClear),
	ROW(free, WebPFree),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_WEBP_LIBRARY, .kind = "webp", .functions = functions, .table = &table};

int webp_library(const struct webp_library **result)
{
	*result = &table;
	return library_open(&library);
}

/* SPDX-License-Identifier: MIT */
/* The name comes from the build: the layout of libavif's structures is that of one version. */
#include "picture/avif_library.h"

#include "picture/fault.h"
#include "picture/library.h"

static struct avif_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct avif_library, member, function)

static const struct library_function functions[] = {
	ROW(result_text, avifResultToString),
	ROW(image_create, avifImageCreate),
	ROW(image_destroy, avifImageDestroy),
	ROW(image_allocate_planes, avifImageAllocatePlanes),
	ROW(image_view, avifImageSetViewRect),
	ROW(image_from_rgb, avifImageRGBToYUV),
	ROW(image_to_rgb, avifImageYUVToRGB),
	ROW(clean_part, avifCropRectConvertCleanApertureBox),
	ROW(rgb_defaults, avifRGBImageSetDefaults),
	ROW(data_free, avifRWDataFree),
	ROW(decoder_create, avifDecoderCreate),
	ROW(decoder_destroy, avifDecoderDestroy),
	ROW(decoder_memory, avifDecoderSetIOMemory),
	ROW(decoder_parse, avifDecoderParse),
	ROW(decoder_next, avifDecoderNextImage),
	ROW(encoder_create, avifEncoderCreate),
	ROW(encoder_destroy, avifEncoderDestroy),
	ROW(encoder_option, avifEncoderSetCodecSpecificOption),
	ROW(encoder_add, avifEncoderAddImage),
	ROW(encoder_finish, avifEncoderFinish),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_AVIF_LIBRARY, .kind = "avif", .functions = functions, .table = &table};

int avif_library(const struct avif_library **result)
{
	*result = &table;
	return library_open(&library);
}

int avif_fault(avifResult result, const char *doing)
{
	enum fault code = FAULT_BROKEN;
	switch (result) {
	case AVIF_RESULT_OUT_OF_MEMORY:
		return fault_memory();
	case AVIF_RESULT_UNSUPPORTED_DEPTH:
	case AVIF_RESULT_NO_CODEC_AVAILABLE:
	case AVIF_RESULT_REFORMAT_FAILED:
	case AVIF_RESULT_NOT_IMPLEMENTED:
		code = FAULT_UNSUPPORTED;
		break;
	/* The samples are ours and right, so this is what its encoders say of too little memory. */
	case AVIF_RESULT_ENCODE_COLOR_FAILED:
	case AVIF_RESULT_ENCODE_ALPHA_FAILED:
		code = FAULT_LIMIT;
		break;
	default:
		break;
	}
	return fault(code, "avif: %s: %s", doing, table.result_text(result));
}

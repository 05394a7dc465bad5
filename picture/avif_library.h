/* SPDX-License-Identifier: MIT */
/* The functions of libavif that this program uses. */
#ifndef PICTURE_AVIF_LIBRARY_H
#define PICTURE_AVIF_LIBRARY_H

#include <avif/avif.h>

/* Each has the type of the function in libavif's header. */
struct avif_library {
	__typeof__(&avifResultToString) result_text;
	__typeof__(&avifImageCreate) image_create;
	__typeof__(&avifImageDestroy) image_destroy;
	__typeof__(&avifImageAllocatePlanes) image_allocate_planes;
	__typeof__(&avifImageSetViewRect) image_view;
	__typeof__(&avifImageRGBToYUV) image_from_rgb;
	__typeof__(&avifImageYUVToRGB) image_to_rgb;
	__typeof__(&avifCropRectConvertCleanApertureBox) clean_part;
	__typeof__(&avifRGBImageSetDefaults) rgb_defaults;
	__typeof__(&avifRWDataFree) data_free;
	__typeof__(&avifDecoderCreate) decoder_create;
	__typeof__(&avifDecoderDestroy) decoder_destroy;
	__typeof__(&avifDecoderSetIOMemory) decoder_memory;
	__typeof__(&avifDecoderParse) decoder_parse;
	__typeof__(&avifDecoderNextImage) decoder_next;
	__typeof__(&avifEncoderCreate) encoder_create;
	__typeof__(&avifEncoderDestroy) encoder_destroy;
	__typeof__(&avifEncoderSetCodecSpecificOption) encoder_option;
	__typeof__(&avifEncoderAddImage) encoder_add;
	__typeof__(&avifEncoderFinish) encoder_finish;
};

/* Loads the library. Returns 0 or a fault. */
int avif_library(const struct avif_library **library);

/* A fault for what a function of the library returned; `doing` begins the line. */
int avif_fault(avifResult result, const char *doing);

#endif

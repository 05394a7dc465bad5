/* SPDX-License-Identifier: MIT */
/*
 * The header of the file and that of the coded picture need not agree, so each plane is looked at.
 * Both libraries keep samples of more than 8 bits as words, without a shift.
 */
#include "picture/heif_image.h"

#include "picture/avif_library.h"
#include "picture/fault.h"
#include "picture/heif_library.h"

static int unexpected(const char *what)
{
	return fault(FAULT_UNSUPPORTED, "heic: %s", what);
}

/* The format, and the channels in the order of libavif's planes. An image that was put together of
 * others is RGB: libavif has that as G, B and R with a matrix that does nothing. */
static avifPixelFormat format_of(const struct heif_library *library,
	const struct heif_image *decoded, enum heif_channel channels[3])
{
	static const enum heif_channel luma[3] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
	static const enum heif_channel colours[3] = {
		heif_channel_G, heif_channel_B, heif_channel_R};
	enum heif_colorspace space = library->image_space(decoded);
	for (unsigned at = 0; at < 3; at++)
		channels[at] = space == heif_colorspace_RGB ? colours[at] : luma[at];
	switch (library->image_chroma(decoded)) {
	case heif_chroma_monochrome:
		return AVIF_PIXEL_FORMAT_YUV400;
	case heif_chroma_420:
		return AVIF_PIXEL_FORMAT_YUV420;
	case heif_chroma_422:
		return AVIF_PIXEL_FORMAT_YUV422;
	case heif_chroma_444:
		return AVIF_PIXEL_FORMAT_YUV444;
	default:
		return AVIF_PIXEL_FORMAT_NONE;
	}
}

/* Borrows one plane, which must have at least width x height samples of the image's depth. */
static int borrow(const struct heif_library *library, const struct heif_image *decoded,
	enum heif_channel channel, uint32_t width, uint32_t height, const avifImage *image,
	uint8_t **plane, uint32_t *stride)
{
	int bytes = 0;
	if (!library->has_channel(decoded, channel))
		return fault(FAULT_BROKEN, "heic: a plane is missing");
	if (library->channel_width(decoded, channel) < (int)width ||
		library->channel_height(decoded, channel) < (int)height)
		return fault(FAULT_BROKEN, "heic: the picture is smaller than the header says");
	if (library->channel_depth(decoded, channel) != (int)image->depth)
		return unexpected("planes of different depth");
	*plane = (uint8_t *)(uintptr_t)library->channel(decoded, channel, &bytes);
	*stride = (uint32_t)bytes;
	return *plane && bytes > 0 ? 0 : fault(FAULT_BROKEN, "heic: a plane is missing");
}

static void take_colours(
	const struct heif_library *library, const struct heif_image *decoded, avifImage *image)
{
	struct heif_color_profile_nclx *nclx = NULL;
	image->yuvRange = AVIF_RANGE_FULL;
	image->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_UNSPECIFIED;
	if (library->image_space(decoded) == heif_colorspace_RGB) {
		image->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_IDENTITY;
		return;
	}
	if (library->image_nclx(decoded, &nclx).code == heif_error_Ok && nclx) {
		image->yuvRange = nclx->full_range_flag ? AVIF_RANGE_FULL : AVIF_RANGE_LIMITED;
		image->matrixCoefficients = (avifMatrixCoefficients)nclx->matrix_coefficients;
		image->colorPrimaries = (avifColorPrimaries)nclx->color_primaries;
	}
	if (nclx)
		library->nclx_free(nclx);
}

static int fill(const struct heif_library *library, const struct heif_image *decoded, bool alpha,
	const enum heif_channel channels[3], avifImage *image)
{
	int status = 0;
	unsigned planes = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400 ? 1 : 3;
	bool half_x = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV420 ||
		      image->yuvFormat == AVIF_PIXEL_FORMAT_YUV422;
	bool half_y = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV420;
	for (unsigned plane = 0; plane < planes && !status; plane++)
		status = borrow(library, decoded, channels[plane],
			plane && half_x ? (image->width + 1) / 2 : image->width,
			plane && half_y ? (image->height + 1) / 2 : image->height, image,
			&image->yuvPlanes[plane], &image->yuvRowBytes[plane]);
	if (!status && alpha)
		status = borrow(library, decoded, heif_channel_Alpha, image->width, image->height,
			image, &image->alphaPlane, &image->alphaRowBytes);
	return status;
}

int heif_image_wrap(const struct heif_library *library, const struct heif_image *decoded,
	uint32_t width, uint32_t height, bool alpha, const struct avif_library *avif,
	avifImage **result)
{
	enum heif_channel channels[3];
	avifPixelFormat format = format_of(library, decoded, channels);
	int depth = library->channel_depth(decoded, channels[0]);
	if (format == AVIF_PIXEL_FORMAT_NONE)
		return unexpected("samples of an unknown kind");
	if (depth != 8 && depth != 10 && depth != 12)
		return unexpected("neither 8, 10 nor 12 bits");
	avifImage *image = avif->image_create(width, height, (uint32_t)depth, format);
	if (!image)
		return fault_memory();
	take_colours(library, decoded, image);
	int status = fill(library, decoded, alpha, channels, image);
	if (status) {
		avif->image_destroy(image);
		return status;
	}
	*result = image;
	return 0;
}

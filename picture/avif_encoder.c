/* SPDX-License-Identifier: MIT */
/*
 * AVIF, lossy, 4:2:0 with full range and the matrix of BT.601: so the planes of a JPEG go in as
 * they are. AV1 codes the picture as a whole, so all of its samples are kept until the last row
 * has come; RGB is converted in strips on its way into them.
 */
#include "picture/avif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture/avif_library.h"
#include "picture/fault.h"
#include "picture/planes.h"

/* Rows of RGB that are converted at a time: even, for 4:2:0. */
enum { STRIP = 16 };

struct avif_encoder {
	struct encoder encoder;
	const struct avif_library *library;
	struct encoder_shape shape;
	struct output *output;
	avifImage *image;
	avifEncoder *coder;
	uint32_t rows[3]; /* that have come, of each plane */
	avifRGBImage strip;
	uint8_t *strip_pixels;
};

static int take_plane(struct encoder *encoder, unsigned plane, const void *row)
{
	struct avif_encoder *avif = (struct avif_encoder *)encoder;
	uint32_t width = avif->shape.width, height = avif->shape.height;
	if (plane > 0) {
		width = (width + 1) / 2;
		height = (height + 1) / 2;
	}
	if (avif->rows[plane] == height)
		return 0;
	memcpy(avif->image->yuvPlanes[plane] +
			(size_t)avif->image->yuvRowBytes[plane] * avif->rows[plane],
		row, width);
	avif->rows[plane]++;
	return 0;
}

static int take_gray_alpha(struct stage *stage, const void *row)
{
	struct avif_encoder *avif = (struct avif_encoder *)stage;
	const uint8_t *from = row;
	size_t at = avif->rows[0];
	if (at == avif->shape.height)
		return 0;
	uint8_t *gray = avif->image->yuvPlanes[0] + avif->image->yuvRowBytes[0] * at;
	uint8_t *alpha = avif->image->alphaPlane + avif->image->alphaRowBytes * at;
	for (uint32_t column = 0; column < avif->shape.width; column++) {
		gray[column] = from[2 * (size_t)column];
		alpha[column] = from[2 * (size_t)column + 1];
	}
	avif->rows[0]++;
	return 0;
}

/* Converts the strip whose last row has just come into the planes. */
static int convert_strip(struct avif_encoder *avif)
{
	uint32_t first = (avif->rows[0] - 1) / STRIP * STRIP;
	avifCropRect part = {0, first, avif->shape.width, avif->rows[0] - first};
	avifImage *view = avif->library->image_create(0, 0, 0, AVIF_PIXEL_FORMAT_NONE);
	if (!view)
		return fault_memory();
	avifResult result = avif->library->image_view(view, avif->image, &part);
	avif->strip.height = part.height;
	if (result == AVIF_RESULT_OK)
		result = avif->library->image_from_rgb(view, &avif->strip);
	/* The conversion believes that it has made the planes. */
	view->imageOwnsYUVPlanes = view->imageOwnsAlphaPlane = AVIF_FALSE;
	avif->library->image_destroy(view);
	return result == AVIF_RESULT_OK ? 0 : avif_fault(result, "cannot convert the colours");
}

static int take_colours(struct stage *stage, const void *row)
{
	struct avif_encoder *avif = (struct avif_encoder *)stage;
	if (avif->rows[0] == avif->shape.height)
		return 0;
	memcpy(avif->strip_pixels + (size_t)avif->strip.rowBytes * (avif->rows[0] % STRIP), row,
		(size_t)avif->shape.width * avif->shape.channels);
	avif->rows[0]++;
	if (avif->rows[0] % STRIP && avif->rows[0] < avif->shape.height)
		return 0;
	return convert_strip(avif);
}

static int finish(struct encoder *encoder)
{
	struct avif_encoder *avif = (struct avif_encoder *)encoder;
	avifRWData data = AVIF_DATA_EMPTY;
	avifResult result =
		avif->library->encoder_add(avif->coder, avif->image, 1, AVIF_ADD_IMAGE_FLAG_SINGLE);
	if (result == AVIF_RESULT_OK)
		result = avif->library->encoder_finish(avif->coder, &data);
	int status = result == AVIF_RESULT_OK ? output_add(avif->output, data.data, data.size)
					      : avif_fault(result, "cannot encode");
	avif->library->data_free(&data);
	return status;
}

static void free_encoder(struct encoder *encoder)
{
	struct avif_encoder *avif = (struct avif_encoder *)encoder;
	if (avif->image)
		avif->library->image_destroy(avif->image);
	if (avif->coder)
		avif->library->encoder_destroy(avif->coder);
	free(avif->strip_pixels);
	free(avif);
}

static int prepare_image(struct avif_encoder *avif)
{
	const struct encoder_shape *shape = &avif->shape;
	bool gray = shape->planes == 1 && shape->channels <= 2;
	bool alpha = shape->planes == 1 && shape->channels % 2 == 0;
	avif->image = avif->library->image_create(shape->width, shape->height, 8,
		gray ? AVIF_PIXEL_FORMAT_YUV400 : AVIF_PIXEL_FORMAT_YUV420);
	if (!avif->image)
		return fault_memory();
	avif->image->yuvRange = AVIF_RANGE_FULL;
	avif->image->colorPrimaries = AVIF_COLOR_PRIMARIES_BT709;
	avif->image->transferCharacteristics = AVIF_TRANSFER_CHARACTERISTICS_SRGB;
	avif->image->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_BT601;
	avif->library->image_allocate_planes(
		avif->image, AVIF_PLANES_YUV | (alpha ? AVIF_PLANES_A : 0u));
	if (!avif->image->yuvPlanes[0] || (!gray && !avif->image->yuvPlanes[2]) ||
		(alpha && !avif->image->alphaPlane))
		return fault_memory();
	planes_take(&avif->encoder, take_plane);
	if (shape->channels == 2)
		avif->encoder.stages[0].row = take_gray_alpha;
	if (gray || shape->planes == 3)
		return 0;
	avif->encoder.stages[0].row = take_colours;
	avif->library->rgb_defaults(&avif->strip, avif->image);
	avif->strip.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
	avif->strip.rowBytes = shape->width * shape->channels;
	avif->strip_pixels = malloc((size_t)avif->strip.rowBytes * STRIP);
	avif->strip.pixels = avif->strip_pixels;
	return avif->strip_pixels ? 0 : fault_memory();
}

static int prepare_coder(struct avif_encoder *avif, const struct encoder_options *options)
{
	avif->coder = avif->library->encoder_create();
	if (!avif->coder)
		return fault_memory();
	/* AVIF's 66 looks like the 82 of JPEG; 63 quantizers, 0 is lossless. */
	unsigned quality = options->quality * 4 / 5 + 1;
	int quantizer = (int)((100 - quality) * 63 + 50) / 100;
	avif->coder->codecChoice = AVIF_CODEC_CHOICE_AOM;
	avif->coder->maxThreads = 1;
	avif->coder->speed = options->effort < 0 ? 9 : 9 - options->effort;
	avif->coder->minQuantizer = avif->coder->maxQuantizer = quantizer;
	avif->coder->minQuantizerAlpha = avif->coder->maxQuantizerAlpha = quantizer;
	return 0;
}

int avif_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **result)
{
	const struct avif_library *library = NULL;
	int status = avif_library(&library);
	if (status)
		return status;
	struct avif_encoder *avif = calloc(1, sizeof(*avif));
	if (!avif)
		return fault_memory();
	avif->library = library;
	avif->shape = *shape;
	avif->output = output;
	avif->encoder.finish = finish;
	avif->encoder.free = free_encoder;
	status = prepare_image(avif);
	if (!status)
		status = prepare_coder(avif, options);
	if (status) {
		free_encoder(&avif->encoder);
		return status;
	}
	*result = &avif->encoder;
	return 0;
}

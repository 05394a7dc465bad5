/* SPDX-License-Identifier: MIT */
/*
 * libwebp wants the whole picture before it begins, as Y, Cb and Cr with half the chroma. Planes
 * are put there as they come, in the range of video. RGB is converted by the library itself, a
 * strip of rows at a time, so that it is never there as a whole: what is held is 1.5 bytes for each
 * pixel of the result, 2.5 with alpha.
 */
#include "picture/webp.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/planes.h"
#include "picture/webp_library.h"

/* Rows of a strip: whole rows of chroma. */
enum { STRIP = 16 };

struct webp_encoder {
	struct encoder encoder;
	const struct webp_library *library;
	struct encoder_shape shape;
	struct output *output;
	WebPConfig config;
	WebPPicture picture;
	uint8_t *strip;
	uint32_t rows[3]; /* that have come, of each plane */
};

static int add_bytes(const uint8_t *bytes, size_t length, const WebPPicture *picture)
{
	struct webp_encoder *webp = picture->custom_ptr;
	return !output_add(webp->output, bytes, length);
}

static int take_plane_row(struct encoder *encoder, unsigned plane, const void *row)
{
	struct webp_encoder *webp = (struct webp_encoder *)encoder;
	WebPPicture *picture = &webp->picture;
	uint8_t *const planes[3] = {picture->y, picture->u, picture->v};
	uint32_t width = webp->shape.width, height = webp->shape.height;
	int stride = plane ? picture->uv_stride : picture->y_stride;
	if (webp->rows[plane] >= (plane ? (height + 1) / 2 : height))
		return 0;
	webp_range_to_video(row, planes[plane] + (size_t)stride * webp->rows[plane]++,
		plane ? (width + 1) / 2 : width, plane > 0);
	return 0;
}

static void copy_plane(
	uint8_t *to, int to_stride, const uint8_t *from, int from_stride, size_t width, int rows)
{
	for (int row = 0; row < rows; row++)
		memcpy(to + (size_t)row * (size_t)to_stride,
			from + (size_t)row * (size_t)from_stride, width);
}

/* The strip's rows are complete; the last one of them is row `end - 1` of the picture. */
static int import_strip(struct webp_encoder *webp, uint32_t end)
{
	const struct webp_library *library = webp->library;
	WebPPicture *picture = &webp->picture, strip;
	uint32_t width = webp->shape.width;
	unsigned channels = webp->shape.channels;
	uint32_t first = (end - 1) / STRIP * STRIP;
	library->picture(&strip, WEBP_ENCODER_ABI_VERSION);
	strip.width = (int)width;
	strip.height = (int)(end - first);
	int stride = (int)(width * channels);
	if (!(channels == 4 ? library->import_rgba(&strip, webp->strip, stride)
			    : library->import_rgb(&strip, webp->strip, stride)))
		return webp_encoding_fault((int)strip.error_code);
	size_t luma = (size_t)first * (size_t)picture->y_stride;
	size_t chroma = (size_t)first / 2 * (size_t)picture->uv_stride;
	size_t half = (width + 1) / 2;
	int half_rows = (strip.height + 1) / 2;
	copy_plane(
		picture->y + luma, picture->y_stride, strip.y, strip.y_stride, width, strip.height);
	copy_plane(
		picture->u + chroma, picture->uv_stride, strip.u, strip.uv_stride, half, half_rows);
	copy_plane(
		picture->v + chroma, picture->uv_stride, strip.v, strip.uv_stride, half, half_rows);
	/* A strip without a transparent pixel has no alpha. */
	if (picture->a && strip.a)
		copy_plane(picture->a + (size_t)first * (size_t)picture->a_stride,
			picture->a_stride, strip.a, strip.a_stride, width, strip.height);
	library->picture_free(&strip);
	return 0;
}

static int take_colours(struct stage *stage, const void *row)
{
	struct webp_encoder *webp = (struct webp_encoder *)stage;
	size_t stride = (size_t)webp->shape.width * webp->shape.channels;
	if (webp->rows[0] >= webp->shape.height)
		return 0;
	memcpy(webp->strip + webp->rows[0] % STRIP * stride, row, stride);
	webp->rows[0]++;
	if (webp->rows[0] % STRIP && webp->rows[0] < webp->shape.height)
		return 0;
	return import_strip(webp, webp->rows[0]);
}

static int take_gray(struct stage *stage, const void *row)
{
	struct webp_encoder *webp = (struct webp_encoder *)stage;
	const WebPPicture *picture = &webp->picture;
	if (webp->rows[0] >= webp->shape.height)
		return 0;
	size_t number = webp->rows[0]++;
	uint8_t *luma = picture->y + number * (size_t)picture->y_stride;
	if (webp->shape.channels == 1) {
		webp_range_to_video(row, luma, webp->shape.width, false);
		return 0;
	}
	uint8_t *alpha = picture->a + number * (size_t)picture->a_stride;
	const uint8_t *from = row;
	for (uint32_t x = 0; x < webp->shape.width; x++) {
		luma[x] = from[2 * x];
		alpha[x] = from[2 * x + 1];
	}
	webp_range_to_video(luma, luma, webp->shape.width, false);
	return 0;
}

/* For what is written lossless. */
static int take_argb(struct stage *stage, const void *row)
{
	struct webp_encoder *webp = (struct webp_encoder *)stage;
	unsigned channels = webp->shape.channels;
	bool gray = channels <= 2;
	if (webp->rows[0] >= webp->shape.height)
		return 0;
	const WebPPicture *picture = &webp->picture;
	uint32_t *to = picture->argb + (size_t)webp->rows[0]++ * (size_t)picture->argb_stride;
	const uint8_t *from = row;
	for (uint32_t x = 0; x < webp->shape.width; x++, from += channels)
		to[x] = (channels % 2 ? 255u : from[channels - 1]) << 24 | (uint32_t)from[0] << 16 |
			(uint32_t)from[gray ? 0 : 1] << 8 | from[gray ? 0 : 2];
	return 0;
}

static int finish(struct encoder *encoder)
{
	struct webp_encoder *webp = (struct webp_encoder *)encoder;
	if (!webp->library->encode(&webp->config, &webp->picture))
		return webp_encoding_fault((int)webp->picture.error_code);
	return 0;
}

static void free_encoder(struct encoder *encoder)
{
	struct webp_encoder *webp = (struct webp_encoder *)encoder;
	webp->library->picture_free(&webp->picture);
	free(webp->strip);
	free(webp);
}

void webp_encoder_config(const struct webp_library *library, const struct encoder_options *options,
	WebPConfig *config)
{
	/* Method 2. The library's own default, 4, makes a thumbnail 2 to 3 % smaller, and takes a
	 * third more of all instructions from a JPEG to it. */
	static const int effort = 4;
	library->config(
		config, WEBP_PRESET_DEFAULT, (float)options->quality, WEBP_ENCODER_ABI_VERSION);
	config->method = (options->effort < 0 ? effort : options->effort) * 6 / 9;
	if (options->bitonal) {
		config->lossless = 1;
		config->quality = 50; /* how hard it tries */
	}
}

static int prepare(struct webp_encoder *webp)
{
	const struct encoder_shape *shape = &webp->shape;
	WebPPicture *picture = &webp->picture;
	bool alpha = shape->planes == 1 && shape->channels % 2 == 0;
	bool colours = shape->planes == 1 && shape->channels > 2;
	picture->width = (int)shape->width;
	picture->height = (int)shape->height;
	picture->use_argb = webp->config.lossless;
	picture->colorspace = alpha ? WEBP_YUV420A : WEBP_YUV420;
	picture->writer = add_bytes;
	picture->custom_ptr = webp;
	if (!webp->library->picture_alloc(picture))
		return webp_encoding_fault((int)picture->error_code);
	if (picture->use_argb)
		return 0;
	size_t half = (size_t)picture->uv_stride * ((shape->height + 1) / 2);
	memset(picture->u, 128, half);
	memset(picture->v, 128, half);
	if (alpha)
		memset(picture->a, 255, (size_t)picture->a_stride * shape->height);
	if (colours)
		webp->strip = malloc((size_t)shape->width * shape->channels * STRIP);
	return colours && !webp->strip ? fault_memory() : 0;
}

int webp_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **result)
{
	const struct webp_library *library;
	int status = webp_library(&library);
	if (status)
		return status;
	struct webp_encoder *webp = calloc(1, sizeof(*webp));
	if (!webp)
		return fault_memory();
	webp->encoder.finish = finish;
	webp->encoder.free = free_encoder;
	webp->library = library;
	webp->shape = *shape;
	webp->output = output;
	library->picture(&webp->picture, WEBP_ENCODER_ABI_VERSION);
	webp_encoder_config(library, options, &webp->config);
	/* The picture has no planes when it is written lossless. */
	bool planes = shape->planes == 3;
	planes_take(&webp->encoder, take_plane_row);
	if (!planes)
		webp->encoder.stages[0].row = webp->config.lossless ? take_argb
					      : shape->channels > 2 ? take_colours
								    : take_gray;
	webp->config.lossless = webp->config.lossless && !planes;
	status = prepare(webp);
	if (status) {
		free_encoder(&webp->encoder);
		return status;
	}
	*result = &webp->encoder;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Chroma is interpolated between rows when it is converted, so each strip is converted with a few
 * rows more than it gives: its edges would show otherwise.
 */
#include "picture/avif_pixels.h"

#include <stdlib.h>
#include <string.h>

#include "picture/avif_library.h"
#include "picture/fault.h"

/* Rows of a strip, and around it; both even, for chroma of half the height. */
enum { STRIP = 64, AROUND = 2 };

static void shifts_of(avifPixelFormat format, unsigned *x, unsigned *y)
{
	*x = format == AVIF_PIXEL_FORMAT_YUV420 || format == AVIF_PIXEL_FORMAT_YUV422;
	*y = format == AVIF_PIXEL_FORMAT_YUV420;
}

/* Chroma is sited between the pixels or, to the left or above, on one of them. */
static struct decoder_raster chroma_raster(
	const avifImage *image, const avifCropRect *part, const struct decoder_raster *luma)
{
	unsigned x = 0, y = 0;
	shifts_of(image->yuvFormat, &x, &y);
	bool on_column = image->yuvChromaSamplePosition != AVIF_CHROMA_SAMPLE_POSITION_UNKNOWN;
	bool on_row = image->yuvChromaSamplePosition == AVIF_CHROMA_SAMPLE_POSITION_COLOCATED;
	return (struct decoder_raster){.width = (part->width + x) >> x,
		.height = (part->height + y) >> y,
		.scale_x = x ? 0.5 : 1,
		.scale_y = y ? 0.5 : 1,
		.left = luma->left - (x && on_column ? 0.5 : 0),
		.top = luma->top - (y && on_row ? 0.5 : 0)};
}

/* Only what is wanted of the whole is converted; it begins with a sample of chroma. */
static avifCropRect part_of(const avifCropRect *whole, const struct decoder_wish *wish)
{
	if (!wish->partial)
		return *whole;
	double left = wish->region.x - wish->reach_x, top = wish->region.y - wish->reach_y;
	double right = wish->region.x + wish->region.width + wish->reach_x;
	double bottom = wish->region.y + wish->region.height + wish->reach_y;
	uint32_t x = left >= 2 && left < whole->width ? (uint32_t)left / 2 * 2 : 0;
	uint32_t y = top >= 2 && top < whole->height ? (uint32_t)top / 2 * 2 : 0;
	uint32_t end_x = right < whole->width - 1 ? (uint32_t)right + 1 : whole->width;
	uint32_t end_y = bottom < whole->height - 1 ? (uint32_t)bottom + 1 : whole->height;
	if (end_x <= x || end_y <= y)
		return *whole;
	return (avifCropRect){whole->x + x, whole->y + y, end_x - x, end_y - y};
}

void avif_pixels_layout(struct avif_pixels *pixels, const avifImage *image,
	const struct decoder_wish *wish, const struct decoder_header *header,
	struct decoder_layout *layout)
{
	bool gray = header->space == SPACE_GRAY;
	/* A picture without colours may have been announced with some. */
	bool chroma = image->yuvFormat != AVIF_PIXEL_FORMAT_YUV400;
	bool matrix = image->matrixCoefficients == AVIF_MATRIX_COEFFICIENTS_BT601 ||
		      image->matrixCoefficients == AVIF_MATRIX_COEFFICIENTS_BT470BG ||
		      image->matrixCoefficients == AVIF_MATRIX_COEFFICIENTS_UNSPECIFIED;
	pixels->part = part_of(&pixels->whole, wish);
	pixels->planes = image->depth == 8 && !header->alpha &&
			 (gray || (matrix && ((wish->planes && chroma) || wish->gray)));
	layout->planes = pixels->planes && !gray && !wish->gray ? 3 : 1;
	layout->channels = layout->planes == 3 || gray || (pixels->planes && wish->gray)
				   ? 1u + header->alpha
				   : 3u + header->alpha;
	layout->wide = image->depth > 8;
	layout->raster[0] = (struct decoder_raster){.width = pixels->part.width,
		.height = pixels->part.height,
		.scale_x = 1,
		.scale_y = 1,
		.left = pixels->part.x - pixels->whole.x,
		.top = pixels->part.y - pixels->whole.y};
	layout->raster[1] = layout->raster[2] =
		chroma_raster(image, &pixels->part, &layout->raster[0]);
}

/* What a sample of limited range is in full range. */
static void fill_range(uint8_t table[256], int low, int high, int zero)
{
	for (int value = 0; value < 256; value++) {
		int wide = (value - zero) * 255 * 2 / (high - low);
		int full = (wide + (wide < 0 ? -1 : 1)) / 2 + (zero == 128 ? 128 : 0);
		table[value] = (uint8_t)(full < 0 ? 0 : full > 255 ? 255 : full);
	}
}

/* Pushes one row of a plane. */
static int push_row(const struct avif_pixels *pixels, const avifImage *image, unsigned plane,
	uint32_t row, const struct decoder_raster *raster, const uint8_t *table, uint8_t *made,
	struct stage *stage)
{
	unsigned x = 0, y = 0;
	if (plane)
		shifts_of(image->yuvFormat, &x, &y);
	const uint8_t *from = image->yuvPlanes[plane] + (pixels->part.x >> x) +
			      (size_t)image->yuvRowBytes[plane] * ((pixels->part.y >> y) + row);
	if (image->yuvRange == AVIF_RANGE_FULL)
		return stage_row(stage, from);
	for (uint32_t at = 0; at < raster->width; at++)
		made[at] = table[from[at]];
	return stage_row(stage, made);
}

/* Chroma goes along with luma, so that no plane has to wait long in the encoder. */
static int push_planes(const struct avif_pixels *pixels, const avifImage *image,
	const struct decoder_layout *layout, struct stage *const *stages)
{
	uint8_t luma[256], chroma[256];
	fill_range(luma, 16, 235, 16);
	fill_range(chroma, 16, 240, 128);
	uint8_t *made = malloc(pixels->part.width);
	if (!made)
		return fault_memory();
	uint32_t given[3] = {0};
	int status = 0;
	for (uint32_t row = 0; row < layout->raster[0].height && !status; row++)
		for (unsigned plane = 0; plane < layout->planes && !status; plane++) {
			const struct decoder_raster *raster = &layout->raster[plane];
			if (given[plane] >= raster->height || given[plane] > row * raster->scale_y)
				continue;
			status = push_row(pixels, image, plane, given[plane]++, raster,
				plane ? chroma : luma, made, stages[plane]);
		}
	free(made);
	return status;
}

/* Leaves only gray, and alpha, of a row of colours. */
static void narrow(void *row, uint32_t width, unsigned from, unsigned to, bool wide)
{
	uint8_t *bytes = row;
	uint16_t *words = row;
	for (size_t at = 0; at < width; at++)
		for (unsigned channel = 0; channel < to; channel++) {
			size_t source = at * from + (channel ? from - 1 : 0);
			if (wide)
				words[at * to + channel] = words[source];
			else
				bytes[at * to + channel] = bytes[source];
		}
}

/* Converts the rows from `first`, up to a strip of them, into rgb; *skip is where they begin. */
static int convert_strip(const struct avif_pixels *pixels, const avifImage *image, uint32_t first,
	avifRGBImage *rgb, uint32_t *skip)
{
	const avifCropRect *part = &pixels->part;
	uint32_t from = part->y + first, end = from + STRIP + AROUND;
	from = from >= AROUND ? from - AROUND : 0;
	from -= from % 2;
	if (end > image->height)
		end = image->height;
	avifCropRect strip = {part->x, from, part->width, end - from};
	avifImage *view = pixels->library->image_create(0, 0, 0, AVIF_PIXEL_FORMAT_NONE);
	if (!view)
		return fault_memory();
	avifResult result = pixels->library->image_view(view, image, &strip);
	rgb->height = strip.height;
	if (result == AVIF_RESULT_OK)
		result = pixels->library->image_to_rgb(view, rgb);
	pixels->library->image_destroy(view);
	*skip = part->y + first - from;
	return result == AVIF_RESULT_OK ? 0 : avif_fault(result, "cannot convert the colours");
}

static int push_strips(const struct avif_pixels *pixels, const avifImage *image,
	const struct decoder_header *header, const struct decoder_layout *layout,
	struct stage *stage, avifRGBImage *rgb)
{
	int status = 0;
	unsigned channels = 3u + header->alpha;
	for (uint32_t first = 0; first < pixels->part.height && !status; first += STRIP) {
		uint32_t skip = 0, rows = pixels->part.height - first;
		status = convert_strip(pixels, image, first, rgb, &skip);
		uint8_t *row = rgb->pixels + (size_t)rgb->rowBytes * skip;
		for (uint32_t at = 0; at < STRIP && at < rows && !status;
			at++, row += rgb->rowBytes) {
			if (layout->channels < channels)
				narrow(row, pixels->part.width, channels, layout->channels,
					layout->wide);
			status = stage_row(stage, row);
		}
	}
	return status;
}

int avif_pixels_push(const struct avif_pixels *pixels, const avifImage *image,
	const struct decoder_header *header, const struct decoder_layout *layout,
	struct stage *const *stages)
{
	if (pixels->planes)
		return push_planes(pixels, image, layout, stages);
	avifRGBImage rgb;
	pixels->library->rgb_defaults(&rgb, image);
	/* Its fast way forgets the limited range of gray. */
	rgb.avoidLibYUV = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400;
	rgb.width = pixels->part.width;
	rgb.format = header->alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
	rgb.depth = layout->wide ? 16 : 8;
	size_t row = (size_t)pixels->part.width * (3u + header->alpha) * (layout->wide ? 2 : 1);
	if (row > UINT32_MAX)
		return fault(FAULT_LIMIT, "avif: too wide");
	rgb.rowBytes = (uint32_t)row;
	rgb.pixels = malloc(row * (STRIP + 2 * AROUND + 1));
	if (!rgb.pixels)
		return fault_memory();
	int status = push_strips(pixels, image, header, layout, stages[0], &rgb);
	free(rgb.pixels);
	return status;
}

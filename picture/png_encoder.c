/* SPDX-License-Identifier: MIT */
/*
 * Only what makes the pixels: no time, no text, no profile, so that the same pixels are the same
 * bytes. The rows are compressed as they come.
 */
#include "picture/png.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/png_errors.h"

struct png_encoder {
	struct encoder encoder;
	struct png_errors errors;
	png_structp png;
	png_infop info;
	struct output *output;
	struct encoder_shape shape;
	uint8_t *bits; /* a row of single bits; NULL: samples are bytes */
};

/* zlib's level and libpng's filters for each effort. */
static const struct {
	int level, filters;
} efforts[] = {
	{1, PNG_FILTER_NONE},
	{1, PNG_FILTER_SUB},
	{1, PNG_FILTER_UP},
	{3, PNG_FILTER_UP},
	{4, PNG_ALL_FILTERS},
	{5, PNG_ALL_FILTERS},
	{6, PNG_ALL_FILTERS},
	{7, PNG_ALL_FILTERS},
	{8, PNG_ALL_FILTERS},
	{9, PNG_ALL_FILTERS},
};

enum { EFFORT_DEFAULT = 5 };

static void add(png_structp png, png_bytep bytes, size_t length)
{
	struct png_encoder *encoder = png_get_io_ptr(png);
	encoder->errors.status = output_add(encoder->output, bytes, length);
	if (encoder->errors.status)
		png_error(png, "output");
}

static void flush(png_structp png)
{
	(void)png;
}

static const uint8_t *to_bits(struct png_encoder *encoder, const uint8_t *samples)
{
	memset(encoder->bits, 0, (encoder->shape.width + 7) / 8);
	for (uint32_t x = 0; x < encoder->shape.width; x++)
		encoder->bits[x / 8] |= (uint8_t)((samples[x] >> 7) << (7 - x % 8));
	return encoder->bits;
}

static int take_row(struct stage *stage, const void *row)
{
	struct png_encoder *encoder = (struct png_encoder *)stage;
	if (setjmp(encoder->errors.escape))
		return encoder->errors.status;
	png_write_row(encoder->png, encoder->bits ? to_bits(encoder, row) : row);
	return 0;
}

static int finish(struct encoder *base)
{
	struct png_encoder *encoder = (struct png_encoder *)base;
	if (setjmp(encoder->errors.escape))
		return encoder->errors.status;
	png_write_end(encoder->png, NULL);
	return 0;
}

static void free_encoder(struct encoder *base)
{
	struct png_encoder *encoder = (struct png_encoder *)base;
	if (!setjmp(encoder->errors.escape))
		png_destroy_write_struct(&encoder->png, &encoder->info);
	free(encoder->bits);
	free(encoder);
}

static int begin(struct png_encoder *encoder, const struct encoder_options *options)
{
	static const int types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
		PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
	const struct encoder_shape *shape = &encoder->shape;
	if (setjmp(encoder->errors.escape))
		return encoder->errors.status;
	encoder->png =
		png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &encoder->errors, png_errors_leave,
			png_errors_ignore, &encoder->errors, png_errors_malloc, png_errors_free);
	encoder->info = encoder->png ? png_create_info_struct(encoder->png) : NULL;
	if (!encoder->info)
		return fault_memory();
	png_structp png = encoder->png;
	png_set_write_fn(png, encoder, add, flush);
	png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_IHDR(png, encoder->info, shape->width, shape->height, encoder->bits ? 1 : 8,
		types[shape->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		PNG_FILTER_TYPE_DEFAULT);
	int effort = options->effort < 0 ? EFFORT_DEFAULT : options->effort;
	png_set_compression_level(png, efforts[effort].level);
	png_set_filter(png, PNG_FILTER_TYPE_BASE,
		encoder->bits ? PNG_FILTER_NONE : efforts[effort].filters);
	png_set_compression_buffer_size(png, 64u << 10);
	png_write_info(png, encoder->info);
	return 0;
}

int png_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **result)
{
	struct png_encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return fault_memory();
	encoder->shape = *shape;
	encoder->output = output;
	encoder->encoder.finish = finish;
	encoder->encoder.free = free_encoder;
	encoder->encoder.stages[0].row = take_row;
	int status = 0;
	if (options->bitonal && shape->channels == 1) {
		encoder->bits = malloc((shape->width + 7) / 8);
		if (!encoder->bits)
			status = fault_memory();
	}
	if (!status)
		status = begin(encoder, options);
	if (status) {
		free_encoder(&encoder->encoder);
		return status;
	}
	*result = &encoder->encoder;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Baseline JPEG. Colours that come as planes are written as they are, with half the chroma; others
 * go through the library's own conversion, with the same.
 */
#include "picture/jpeg.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/jpeg_source.h"
#include "picture/planes.h"

/* Rows that wait until all planes have a group of blocks. The planes come from resamplers with
 * windows of different height, so one can be ahead of another. */
struct jpeg_plane {
	uint8_t *rows;
	uint32_t width, height; /* samples in a row, rows of the picture */
	size_t stride;
	uint32_t room, first, count; /* rows in the ring; the oldest; how many wait */
	uint32_t taken;		     /* rows that have come */
	unsigned lines;		     /* of a group */
};

struct jpeg_encoder {
	struct encoder encoder;
	struct jpeg_compress_struct info;
	struct jpeg_errors errors;
	struct jpeg_destination_mgr destination;
	struct output *output;
	struct encoder_shape shape;
	struct jpeg_plane planes[3];
	bool created;
};

static void make_room(j_compress_ptr info)
{
	struct jpeg_encoder *jpeg = info->client_data;
	struct output *output = jpeg->output;
	jpeg->errors.status = output_reserve(output, 16u << 10);
	if (jpeg->errors.status)
		longjmp(jpeg->errors.escape, 1);
	info->dest->next_output_byte = output->bytes + output->length;
	info->dest->free_in_buffer = output->room - output->length;
}

static boolean flush(j_compress_ptr info)
{
	struct jpeg_encoder *jpeg = info->client_data;
	jpeg->output->length = jpeg->output->room;
	make_room(info);
	return TRUE;
}

static void end_output(j_compress_ptr info)
{
	struct jpeg_encoder *jpeg = info->client_data;
	jpeg->output->length = jpeg->output->room - info->dest->free_in_buffer;
}

static uint8_t *plane_row(const struct jpeg_plane *plane, uint32_t number)
{
	return plane->rows + (size_t)((plane->first + number) % plane->room) * plane->stride;
}

/* Whether a group of blocks is complete, in all planes; the last one of the picture may lack rows,
 * which then repeat the last. */
static bool group_is_complete(const struct jpeg_encoder *jpeg)
{
	for (unsigned plane = 0; plane < 3; plane++) {
		const struct jpeg_plane *rows = &jpeg->planes[plane];
		if (rows->count < rows->lines && rows->taken < rows->height)
			return false;
	}
	return jpeg->planes[0].count > 0;
}

static void write_group(struct jpeg_encoder *jpeg)
{
	JSAMPROW lines[3][2 * DCTSIZE];
	JSAMPARRAY planes[3] = {lines[0], lines[1], lines[2]};
	for (unsigned plane = 0; plane < 3; plane++) {
		struct jpeg_plane *rows = &jpeg->planes[plane];
		for (unsigned line = 0; line < rows->lines; line++)
			lines[plane][line] = plane_row(rows, line < rows->count ? line
							     : rows->count	? rows->count - 1
										: 0);
	}
	jpeg_write_raw_data(&jpeg->info, planes, jpeg->planes[0].lines);
	for (unsigned plane = 0; plane < 3; plane++) {
		struct jpeg_plane *rows = &jpeg->planes[plane];
		uint32_t gone = rows->count < rows->lines ? rows->count : rows->lines;
		rows->first = (rows->first + gone) % rows->room;
		rows->count -= gone;
	}
}

static int grow(struct jpeg_plane *plane)
{
	uint32_t room = plane->room * 2;
	uint8_t *rows = malloc(plane->stride * room);
	if (!rows)
		return fault_memory();
	for (uint32_t row = 0; row < plane->count; row++)
		memcpy(rows + plane->stride * row, plane_row(plane, row), plane->stride);
	free(plane->rows);
	plane->rows = rows;
	plane->room = room;
	plane->first = 0;
	return 0;
}

static int take_plane_row(struct encoder *encoder, unsigned number, const void *row)
{
	struct jpeg_encoder *jpeg = (struct jpeg_encoder *)encoder;
	struct jpeg_plane *plane = &jpeg->planes[number];
	if (plane->taken == plane->height)
		return 0;
	if (plane->count == plane->room) {
		int status = grow(plane);
		if (status)
			return status;
	}
	uint8_t *to = plane_row(plane, plane->count);
	memcpy(to, row, plane->width);
	/* The library reads whole blocks. */
	memset(to + plane->width, to[plane->width - 1], plane->stride - plane->width);
	plane->count++;
	plane->taken++;
	if (setjmp(jpeg->errors.escape))
		return jpeg->errors.status;
	while (group_is_complete(jpeg))
		write_group(jpeg);
	return 0;
}

static int take_row(struct stage *stage, const void *row)
{
	struct jpeg_encoder *jpeg = (struct jpeg_encoder *)stage;
	if (setjmp(jpeg->errors.escape))
		return jpeg->errors.status;
	JSAMPROW rows[1] = {(JSAMPROW)(uintptr_t)row};
	jpeg_write_scanlines(&jpeg->info, rows, 1);
	return 0;
}

static int finish(struct encoder *encoder)
{
	struct jpeg_encoder *jpeg = (struct jpeg_encoder *)encoder;
	if (setjmp(jpeg->errors.escape))
		return jpeg->errors.status;
	jpeg_finish_compress(&jpeg->info);
	return 0;
}

static void free_encoder(struct encoder *encoder)
{
	struct jpeg_encoder *jpeg = (struct jpeg_encoder *)encoder;
	if (jpeg->created && !setjmp(jpeg->errors.escape))
		jpeg_destroy_compress(&jpeg->info);
	for (unsigned plane = 0; plane < 3; plane++)
		free(jpeg->planes[plane].rows);
	free(jpeg);
}

static int prepare_planes(struct jpeg_encoder *jpeg)
{
	planes_take(&jpeg->encoder, take_plane_row);
	for (unsigned number = 0; number < 3; number++) {
		struct jpeg_plane *plane = &jpeg->planes[number];
		bool chroma = number > 0;
		plane->width = chroma ? (jpeg->shape.width + 1) / 2 : jpeg->shape.width;
		plane->height = chroma ? (jpeg->shape.height + 1) / 2 : jpeg->shape.height;
		plane->stride = ((size_t)plane->width + 31) / 16 * 16;
		plane->lines = chroma ? DCTSIZE : 2 * DCTSIZE;
		plane->room = 2 * plane->lines;
		plane->rows = malloc(plane->stride * plane->room);
		if (!plane->rows)
			return fault_memory();
	}
	return 0;
}

static int begin(struct jpeg_encoder *jpeg, const struct encoder_options *options)
{
	j_compress_ptr info = &jpeg->info;
	jpeg_errors_init(&jpeg->errors, (j_common_ptr)info);
	if (setjmp(jpeg->errors.escape))
		return jpeg->errors.status;
	jpeg_create_compress(info);
	jpeg->created = true;
	info->client_data = jpeg;
	jpeg->destination = (struct jpeg_destination_mgr){.init_destination = make_room,
		.empty_output_buffer = flush,
		.term_destination = end_output};
	info->dest = &jpeg->destination;
	bool planes = jpeg->shape.planes == 3, gray = !planes && jpeg->shape.channels == 1;
	info->image_width = jpeg->shape.width;
	info->image_height = jpeg->shape.height;
	info->input_components = gray ? 1 : 3;
	info->in_color_space = gray ? JCS_GRAYSCALE : planes ? JCS_YCbCr : JCS_RGB;
	jpeg_set_defaults(info);
	jpeg_set_quality(info, (int)options->quality, TRUE);
	info->raw_data_in = planes;
	info->optimize_coding = options->effort < 0 || options->effort >= 3;
	if (options->effort >= 7)
		jpeg_simple_progression(info);
	jpeg_start_compress(info, TRUE);
	return 0;
}

int jpeg_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **result)
{
	struct jpeg_encoder *jpeg = calloc(1, sizeof(*jpeg));
	if (!jpeg)
		return fault_memory();
	jpeg->shape = *shape;
	jpeg->output = output;
	jpeg->encoder.finish = finish;
	jpeg->encoder.free = free_encoder;
	jpeg->encoder.stages[0].row = take_row;
	int status = begin(jpeg, options);
	if (!status && shape->planes == 3)
		status = prepare_planes(jpeg);
	if (status) {
		free_encoder(&jpeg->encoder);
		return status;
	}
	*result = &jpeg->encoder;
	return 0;
}

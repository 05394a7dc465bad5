/* SPDX-License-Identifier: MIT */
/*
 * Down first, then across: the pass over rows works on whole rows of the input, which is what
 * vector instructions are good at, and leaves few rows for the pass across. Only the columns and
 * rows that the region needs are kept, in a ring as long as the filter is high.
 */
#include "picture/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/kernel.h"

/* Larger blocks would let their sums overflow. */
enum { BLOCK_MAX = 256 };

/* What is left to the filter when blocks were averaged. */
static const double RATIO_LEFT = 6;

struct resize {
	struct stage stage;
	struct stage *target;
	struct resize_shape shape;
	struct kernel across, down;
	uint32_t block_width, block_height;
	uint32_t skip_columns, skip_rows; /* of the input, before the first whole block */
	uint32_t left, columns;		  /* of the input, in blocks: which are kept */
	uint32_t input_row, row;	  /* next row: of the input; in blocks */
	uint32_t output_row;
	bool words;	 /* a sample in the ring is an int16_t */
	uint32_t *sums;	 /* of the rows of the blocks so far */
	void *ring;	 /* down.stride rows of columns * channels samples */
	size_t ring_row; /* samples */
	const void **rows;
	int16_t *mixed, *plane, *out;
};

static uint32_t blocks(double ratio)
{
	double size = floor(ratio / RATIO_LEFT);
	return size < 2 ? 1 : size > BLOCK_MAX ? BLOCK_MAX : (uint32_t)size;
}

static void *ring_at(const struct resize *resize, uint32_t row)
{
	size_t at = (row % resize->down.stride) * resize->ring_row;
	return (uint8_t *)resize->ring + at * (resize->words ? sizeof(int16_t) : 1);
}

/* One row of the output, down and across. */
static int emit(struct resize *resize)
{
	const struct kernel *down = &resize->down;
	uint32_t output = resize->output_row++, taps = down->taps[output];
	const int16_t *weights = down->weights + (size_t)output * down->stride;
	for (uint32_t tap = 0; tap < taps; tap++)
		resize->rows[tap] = ring_at(resize, down->first[output] + tap);
	resize->rows[taps] = resize->rows[taps - 1];
	if (resize->words)
		kernel_words((const int16_t *const *)resize->rows, weights, taps, resize->mixed,
			resize->ring_row);
	else
		kernel_bytes((const uint8_t *const *)resize->rows, weights, taps, resize->mixed,
			resize->ring_row);
	unsigned channels = resize->shape.channels;
	for (unsigned channel = 0; channel < channels; channel++) {
		const int16_t *from = resize->mixed;
		if (channels > 1) {
			for (uint32_t x = 0; x < resize->columns; x++)
				resize->plane[x] = resize->mixed[x * channels + channel];
			from = resize->plane;
		}
		kernel_row(&resize->across, from,
			resize->out + (size_t)channel * resize->shape.out_width);
	}
	return stage_row(resize->target, resize->out);
}

/* The ring has one more row: what can be made of it now? */
static int advance(struct resize *resize)
{
	const struct kernel *down = &resize->down;
	resize->row++;
	while (resize->output_row < down->outputs &&
		down->first[resize->output_row] + down->taps[resize->output_row] <= resize->row) {
		int status = emit(resize);
		if (status)
			return status;
	}
	return 0;
}

static void add_to_sums(struct resize *resize, const void *row)
{
	size_t from = (size_t)resize->left * resize->block_width * resize->shape.channels;
	size_t count = (size_t)resize->shape.width * resize->shape.channels - from;
	size_t most = (size_t)resize->columns * resize->block_width * resize->shape.channels;
	if (count > most)
		count = most;
	uint32_t *sums = resize->sums;
	if (resize->shape.wide) {
		const int16_t *samples = (const int16_t *)row + from;
		for (size_t at = 0; at < count; at++)
			sums[at] += (uint32_t)(samples[at] < 0 ? 0 : samples[at]);
	} else {
		const uint8_t *samples = (const uint8_t *)row + from;
		for (size_t at = 0; at < count; at++)
			sums[at] += samples[at];
	}
}

/* The means of the blocks whose last row has come; `height` rows are in the sums. */
static void finish_blocks(struct resize *resize, uint32_t height)
{
	unsigned channels = resize->shape.channels;
	int16_t *out = ring_at(resize, resize->row);
	const uint32_t *sums = resize->sums;
	float unit = resize->shape.wide ? 1 : 64;
	for (uint32_t column = 0; column < resize->columns; column++) {
		uint32_t x = (resize->left + column) * resize->block_width;
		uint32_t width = resize->shape.width - x;
		if (width > resize->block_width)
			width = resize->block_width;
		float factor = unit / ((float)width * (float)height);
		for (unsigned channel = 0; channel < channels; channel++) {
			uint32_t sum = 0;
			for (uint32_t pixel = 0; pixel < width; pixel++)
				sum += sums[pixel * channels + channel];
			*out++ = (int16_t)((float)sum * factor + 0.5f);
		}
		sums += (size_t)resize->block_width * channels;
	}
	memset(resize->sums, 0,
		(size_t)resize->columns * resize->block_width * channels * sizeof(*sums));
}

static int take_row(struct stage *stage, const void *row)
{
	struct resize *resize = (struct resize *)stage;
	if (resize->skip_rows > 0) {
		resize->skip_rows--;
		return 0;
	}
	uint32_t number = resize->input_row++;
	if (number >= resize->shape.height)
		return 0;
	size_t sample = resize->shape.wide ? sizeof(int16_t) : 1;
	row = (const uint8_t *)row + (size_t)resize->skip_columns * resize->shape.channels * sample;
	if (resize->sums) {
		add_to_sums(resize, row);
		uint32_t height = number % resize->block_height + 1;
		if (height < resize->block_height && number + 1 < resize->shape.height)
			return 0;
		finish_blocks(resize, height);
	} else {
		memcpy(ring_at(resize, resize->row),
			(const uint8_t *)row +
				(size_t)resize->left * resize->shape.channels * sample,
			resize->ring_row * sample);
	}
	int status = advance(resize);
	if (!status && resize->shape.stops && resize->output_row == resize->shape.out_height)
		return STAGE_ENOUGH;
	return status;
}

/* Blocks are counted from the edge of the whole picture, so that they are the same ones in each
 * part of it. */
static void align(struct resize *resize)
{
	struct resize_shape *shape = &resize->shape;
	uint32_t over_x = shape->origin_x % resize->block_width;
	uint32_t over_y = shape->origin_y % resize->block_height;
	uint32_t columns = over_x ? resize->block_width - over_x : 0;
	uint32_t rows = over_y ? resize->block_height - over_y : 0;
	if (columns < shape->width) {
		resize->skip_columns = columns;
		shape->width -= columns;
		shape->region.x -= columns;
	}
	if (rows < shape->height) {
		resize->skip_rows = rows;
		shape->height -= rows;
		shape->region.y -= rows;
	}
}

/* The columns that the kernel looks at; it counts from the first of them afterwards. */
static void keep_columns(struct resize *resize)
{
	struct kernel *across = &resize->across;
	uint32_t left = UINT32_MAX, right = 0;
	for (uint32_t output = 0; output < across->outputs; output++) {
		uint32_t end = across->first[output] + across->taps[output];
		left = across->first[output] < left ? across->first[output] : left;
		right = end > right ? end : right;
	}
	for (uint32_t output = 0; output < across->outputs; output++)
		across->first[output] -= left;
	resize->left = left;
	resize->columns = right - left;
}

static int reserve(struct resize *resize)
{
	unsigned channels = resize->shape.channels;
	resize->ring_row = (size_t)resize->columns * channels;
	resize->words = resize->shape.wide;
	if (resize->block_width > 1 || resize->block_height > 1) {
		resize->words = true;
		resize->sums = calloc(resize->ring_row * resize->block_width, sizeof(uint32_t));
		if (!resize->sums)
			return fault_memory();
	}
	resize->ring = calloc(resize->ring_row * resize->down.stride + KERNEL_BEYOND,
		resize->words ? sizeof(int16_t) : 1);
	resize->rows = calloc(resize->down.stride + 1, sizeof(*resize->rows));
	resize->mixed = calloc(resize->ring_row + KERNEL_BEYOND, sizeof(int16_t));
	resize->plane = calloc((size_t)resize->columns + KERNEL_BEYOND, sizeof(int16_t));
	resize->out = calloc((size_t)resize->shape.out_width * channels, sizeof(int16_t));
	if (!resize->ring || !resize->rows || !resize->mixed || !resize->plane || !resize->out)
		return fault_memory();
	return 0;
}

int resize_new(const struct resize_shape *shape, struct stage *target, struct resize **result)
{
	struct resize *resize = calloc(1, sizeof(*resize));
	if (!resize)
		return fault_memory();
	resize->stage.row = take_row;
	resize->target = target;
	resize->shape = *shape;
	double across = shape->region.width / shape->out_width;
	double down = shape->region.height / shape->out_height;
	resize->block_width = blocks(across);
	resize->block_height = blocks(down);
	align(resize);
	double width = resize->block_width, height = resize->block_height;
	shape = &resize->shape;
	int status = kernel_init(&resize->across, shape->region.x / width, across / width,
		shape->out_width, (shape->width + resize->block_width - 1) / resize->block_width);
	if (!status)
		status = kernel_init(&resize->down, shape->region.y / height, down / height,
			shape->out_height,
			(shape->height + resize->block_height - 1) / resize->block_height);
	if (!status) {
		keep_columns(resize);
		status = reserve(resize);
	}
	if (status) {
		resize_free(resize);
		return status;
	}
	*result = resize;
	return 0;
}

void resize_free(struct resize *resize)
{
	if (!resize)
		return;
	kernel_deinit(&resize->across);
	kernel_deinit(&resize->down);
	free(resize->sums);
	free(resize->ring);
	free(resize->rows);
	free(resize->mixed);
	free(resize->plane);
	free(resize->out);
	free(resize);
}

struct stage *resize_stage(struct resize *resize)
{
	return &resize->stage;
}

/* The filter's lobes, a block at their end, and an input that has 1.5 samples for a pixel of the
 * result: at most 3 + 1/3 + 2/1.5. */
double resize_reach(double scale)
{
	return 5 / (scale < 1 ? scale : 1);
}

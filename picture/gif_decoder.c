/* SPDX-License-Identifier: MIT */
/*
 * A still is pushed row by row as it is read; where its rows are interlaced, the places in the
 * palette are held, a byte for each pixel. An animation holds its canvas, four bytes for each
 * pixel, and where a frame is to vanish again what was there before it.
 */
#include "picture/gif.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/gif_file.h"

struct gif_decoder {
	struct decoder decoder;
	struct decoder_limits limits;
	struct gif_file *file;
	struct gif_frame frame; /* the current one */
	uint32_t number;	/* of frames, the current one included */
	uint8_t *places;	/* of one row, or of all of an interlaced still */
	uint8_t *line;		/* of the canvas, as it is pushed */
	uint8_t *canvas;	/* of an animation: RGBA */
	uint8_t *before;	/* what a frame that will be restored has painted over */
};

/* The part of a frame that is on the canvas. */
struct part {
	uint32_t left, top, width, height;
};

static struct part visible(const struct gif_decoder *gif)
{
	const struct gif_frame *frame = &gif->frame;
	uint32_t width = gif->decoder.header.width, height = gif->decoder.header.height;
	struct part part = {frame->left, frame->top, 0, 0};
	if (frame->left >= width || frame->top >= height)
		return part;
	part.width = frame->width < width - frame->left ? frame->width : width - frame->left;
	part.height = frame->height < height - frame->top ? frame->height : height - frame->top;
	return part;
}

static uint8_t *canvas_row(const struct gif_decoder *gif, const struct part *part, uint32_t row)
{
	return gif->canvas +
	       ((size_t)(part->top + row) * gif->decoder.header.width + part->left) * 4;
}

static void paint(const struct gif_frame *frame, const uint8_t *places, uint8_t *to, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++, to += 4) {
		const uint8_t *colour = frame->palette[places[x]];
		if (colour[3])
			memcpy(to, colour, 4);
	}
}

/* A row of the canvas goes on, without its alpha where there is none. */
static int push(struct gif_decoder *gif, const uint8_t *rgba, struct stage *stage)
{
	if (gif->decoder.header.alpha)
		return stage_row(stage, rgba);
	uint8_t *to = gif->line;
	for (uint32_t x = 0; x < gif->decoder.header.width; x++, rgba += 4, to += 3)
		memcpy(to, rgba, 3);
	return stage_row(stage, gif->line);
}

static int read_interlaced(struct gif_decoder *gif)
{
	const struct gif_frame *frame = &gif->frame;
	for (uint32_t row = 0; row < frame->height; row++) {
		size_t to = (size_t)gif_frame_row(frame, row) * frame->width;
		int status = gif_file_row(gif->file, gif->places + to, frame->width);
		if (status)
			return status;
	}
	return 0;
}

static int run_still(struct decoder *decoder, struct stage *const *stages)
{
	struct gif_decoder *gif = (struct gif_decoder *)decoder;
	const struct gif_frame *frame = &gif->frame;
	size_t canvas_row_length = (size_t)decoder->header.width * 4;
	int status = frame->interlaced ? read_interlaced(gif) : 0;
	for (uint32_t y = 0; y < decoder->header.height && !status; y++) {
		uint32_t row = y - frame->top;
		memset(gif->canvas, 0, canvas_row_length);
		if (y >= frame->top && row < frame->height) {
			uint8_t *places = gif->places;
			if (frame->interlaced)
				places += (size_t)row * frame->width;
			else
				status = gif_file_row(gif->file, places, frame->width);
			if (!status)
				paint(frame, places, gif->canvas + (size_t)frame->left * 4,
					frame->width);
		}
		if (!status)
			status = push(gif, gif->canvas, stages[0]);
	}
	return status;
}

/* What becomes of the current frame before the next one is painted. */
static void dispose(struct gif_decoder *gif)
{
	struct part part = visible(gif);
	size_t length = (size_t)part.width * 4;
	if (!gif->number || gif->frame.disposal == GIF_KEEP)
		return;
	for (uint32_t row = 0; row < part.height; row++) {
		uint8_t *to = canvas_row(gif, &part, row);
		if (gif->frame.disposal == GIF_RESTORE)
			memcpy(to, gif->before + row * length, length);
		else
			memset(to, 0, length);
	}
}

static int remember(struct gif_decoder *gif)
{
	struct part part = visible(gif);
	size_t length = (size_t)part.width * 4;
	if (gif->frame.disposal != GIF_RESTORE || !part.height)
		return 0;
	free(gif->before);
	gif->before = malloc(length * part.height);
	if (!gif->before)
		return fault_memory();
	for (uint32_t row = 0; row < part.height; row++)
		memcpy(gif->before + row * length, canvas_row(gif, &part, row), length);
	return 0;
}

static int check_frame(const struct gif_decoder *gif)
{
	if (gif->number >= gif->limits.frames)
		return fault(FAULT_LIMIT, "gif: more than %u frames", gif->limits.frames);
	return decoder_check_sides(gif->frame.width, gif->frame.height, &gif->limits);
}

static int next(struct decoder *decoder, uint32_t *duration_ms)
{
	struct gif_decoder *gif = (struct gif_decoder *)decoder;
	dispose(gif);
	int status = gif_file_next(gif->file, &gif->frame);
	if (!status)
		status = check_frame(gif);
	if (status)
		return status;
	gif->number++;
	*duration_ms = gif->frame.duration_ms;
	struct part part = visible(gif);
	uint8_t *places = realloc(gif->places, gif->frame.width);
	if (!places)
		return fault_memory();
	gif->places = places;
	status = remember(gif);
	for (uint32_t row = 0; row < gif->frame.height && !status; row++) {
		uint32_t y = gif_frame_row(&gif->frame, row);
		status = gif_file_row(gif->file, places, gif->frame.width);
		if (!status && y < part.height)
			paint(&gif->frame, places, canvas_row(gif, &part, y), part.width);
	}
	return status;
}

static int run_frame(struct decoder *decoder, struct stage *const *stages)
{
	struct gif_decoder *gif = (struct gif_decoder *)decoder;
	int status = 0;
	for (uint32_t y = 0; y < decoder->header.height && !status; y++)
		status = push(gif, gif->canvas + (size_t)y * decoder->header.width * 4, stages[0]);
	return status;
}

static void close_decoder(struct decoder *decoder)
{
	struct gif_decoder *gif = (struct gif_decoder *)decoder;
	gif_file_close(gif->file);
	free(gif->places);
	free(gif->line);
	free(gif->canvas);
	free(gif->before);
	free(gif);
}

static const struct decoder_type still_type = {.run = run_still, .close = close_decoder};
static const struct decoder_type animation_type = {
	.next = next, .run = run_frame, .close = close_decoder};

/* The first frame has been read up to its rows: it decides how large the canvas is. */
static int fill_header(struct gif_decoder *gif)
{
	const struct gif_frame *frame = &gif->frame;
	uint32_t width, height;
	gif_file_screen(gif->file, &width, &height);
	bool covers =
		!frame->left && !frame->top && frame->width >= width && frame->height >= height;
	/* Browsers make room for a first frame that does not fit; they clip the others. */
	if (frame->left + frame->width > width)
		width = frame->left + frame->width;
	if (frame->top + frame->height > height)
		height = frame->top + frame->height;
	gif->decoder.header = (struct decoder_header){.type = "gif",
		.width = width,
		.height = height,
		.orientation = 1,
		.depth = 8,
		.space = SPACE_RGB,
		.alpha = frame->transparent || !covers,
		.frames = 1,
		.loops = 1,
		.cicp = {2, 2, 2, true}};
	int status = check_frame(gif);
	return status ? status : decoder_check_sides(width, height, &gif->limits);
}

/* How many frames there are, and whether something of the canvas is ever transparent. */
static int count_frames(struct gif_decoder *gif)
{
	struct decoder_header *header = &gif->decoder.header;
	int status = 0;
	while (!status) {
		header->alpha = header->alpha || gif->frame.transparent ||
				gif->frame.disposal == GIF_CLEAR ||
				(header->frames == 1 && gif->frame.disposal == GIF_RESTORE);
		gif->number = header->frames;
		status = gif_file_skip(gif->file);
		if (!status)
			status = gif_file_next(gif->file, &gif->frame);
		if (!status)
			status = check_frame(gif);
		header->frames += !status;
	}
	header->loops = gif_file_loops(gif->file);
	gif->number = 0;
	return status < 0 ? 0 : status;
}

/* Back to the first frame. */
static int reopen(struct gif_decoder *gif, struct input *input)
{
	gif_file_close(gif->file);
	gif->file = NULL;
	int status = gif_file_open(input, &gif->file);
	if (!status && gif->decoder.header.frames == 1)
		status = gif_file_next(gif->file, &gif->frame);
	return status;
}

static int reserve(struct gif_decoder *gif)
{
	size_t width = gif->decoder.header.width, rows = 1, lines = 1;
	if (gif->decoder.type == &animation_type)
		rows = gif->decoder.header.height;
	else if (gif->frame.interlaced)
		lines = gif->frame.height;
	gif->canvas = calloc(width * rows, 4);
	gif->places = malloc(gif->frame.width * lines);
	gif->line = malloc(width * 3);
	return gif->canvas && gif->places && gif->line ? 0 : fault_memory();
}

int gif_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	struct gif_decoder *gif = calloc(1, sizeof(*gif));
	if (!gif)
		return fault_memory();
	gif->limits = *limits;
	int status = gif_file_open(input, &gif->file);
	if (!status)
		status = gif_file_next(gif->file, &gif->frame);
	if (!status)
		status = fill_header(gif);
	if (!status && animated)
		status = count_frames(gif);
	if (!status && animated)
		status = reopen(gif, input);
	gif->decoder.type = gif->decoder.header.frames > 1 ? &animation_type : &still_type;
	if (!status)
		status = reserve(gif);
	if (status) {
		close_decoder(&gif->decoder);
		return status < 0 ? FAULT_BROKEN : status;
	}
	decoder_plain_layout(&gif->decoder, gif->decoder.header.alpha ? 4 : 3, false);
	*result = &gif->decoder;
	return 0;
}

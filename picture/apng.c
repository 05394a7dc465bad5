/* SPDX-License-Identifier: MIT */
/*
 * A frame may be a part of the canvas and add to what is there, so the canvas is in memory as a
 * whole, and the part that a frame will give back when it is over is kept a second time.
 */
#include "picture/apng.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/png_rows.h"

enum { DISPOSE_NONE, DISPOSE_BACKGROUND, DISPOSE_PREVIOUS };
enum { BLEND_SOURCE, BLEND_OVER };
enum { CONTROL_LENGTH = 26, PIXEL = 4 };

struct apng_frame {
	uint32_t width, height, x, y;
	uint8_t dispose, blend;
};

struct apng {
	struct stage stage; /* takes the rows of a frame */
	struct png_file *file;
	uint8_t *canvas;
	uint8_t *kept; /* what was where the frame is; NULL: nothing has to come back */
	struct apng_frame frame;
	uint32_t row;	   /* of the frame, the next */
	uint32_t done;	   /* frames so far */
	uint64_t at;	   /* the next chunk */
	uint32_t sequence; /* the number that the next fcTL or fdAT has */
};

static uint8_t *place(const struct apng *apng, uint32_t row)
{
	return apng->canvas +
	       ((size_t)(apng->frame.y + row) * apng->file->width + apng->frame.x) * PIXEL;
}

/* Over what is there, neither being multiplied with its alpha. */
static void blend(const uint8_t *from, uint8_t *to)
{
	uint32_t above = from[3] * 255u, below = (255u - from[3]) * to[3], both = above + below;
	if (!from[3])
		return;
	for (unsigned colour = 0; colour < 3; colour++)
		to[colour] =
			(uint8_t)((from[colour] * above + to[colour] * below + both / 2) / both);
	to[3] = (uint8_t)((both + 127) / 255);
}

static int take_row(struct stage *stage, const void *row)
{
	struct apng *apng = (struct apng *)stage;
	const uint8_t *from = row;
	uint8_t *to = place(apng, apng->row++);
	size_t length = (size_t)apng->frame.width * PIXEL;
	if (apng->frame.blend == BLEND_SOURCE)
		memcpy(to, from, length);
	else
		for (size_t at = 0; at < length; at += PIXEL)
			blend(from + at, to + at);
	return 0;
}

/* What the frame that is over leaves. */
static void dispose(struct apng *apng)
{
	const struct apng_frame *frame = &apng->frame;
	size_t length = (size_t)frame->width * PIXEL;
	for (uint32_t row = 0; row < frame->height && frame->dispose != DISPOSE_NONE; row++)
		if (apng->kept)
			memcpy(place(apng, row), apng->kept + length * row, length);
		else
			memset(place(apng, row), 0, length);
	free(apng->kept);
	apng->kept = NULL;
}

static int keep(struct apng *apng)
{
	const struct apng_frame *frame = &apng->frame;
	size_t length = (size_t)frame->width * PIXEL;
	apng->kept = malloc(length * frame->height);
	if (!apng->kept)
		return fault_memory();
	for (uint32_t row = 0; row < frame->height; row++)
		memcpy(apng->kept + length * row, place(apng, row), length);
	return 0;
}

static uint32_t milliseconds(const uint8_t *bytes)
{
	uint32_t number = (uint32_t)bytes[0] << 8 | bytes[1],
		 per = (uint32_t)bytes[2] << 8 | bytes[3];
	per = per ? per : 100;
	return (number * 2000 + per) / (per * 2);
}

/* The next fcTL. What else stands between the frames is nothing for us. */
static int find_control(struct apng *apng, uint32_t *duration_ms)
{
	struct png_chunk chunk;
	struct apng_frame *frame = &apng->frame;
	uint8_t bytes[CONTROL_LENGTH];
	do {
		int status = png_file_chunk(apng->file, apng->at, &chunk);
		if (status)
			return status;
		if (chunk.type == PNG_FILE_IEND)
			return fault(FAULT_BROKEN, "png: frames are missing");
		apng->at = chunk.data + chunk.length + 4;
	} while (chunk.type != PNG_FILE_FCTL);
	if (chunk.length != sizeof(bytes) ||
		!png_file_body(apng->file, &chunk, bytes, sizeof(bytes)) ||
		png_file_number(bytes) != apng->sequence)
		return fault(FAULT_BROKEN, "png: a frame's header is damaged");
	apng->sequence++;
	*frame = (struct apng_frame){png_file_number(bytes + 4), png_file_number(bytes + 8),
		png_file_number(bytes + 12), png_file_number(bytes + 16), bytes[24], bytes[25]};
	*duration_ms = milliseconds(bytes + 20);
	if (!frame->width || !frame->height ||
		(uint64_t)frame->x + frame->width > apng->file->width ||
		(uint64_t)frame->y + frame->height > apng->file->height ||
		frame->dispose > DISPOSE_PREVIOUS || frame->blend > BLEND_OVER)
		return fault(FAULT_BROKEN, "png: a frame's header makes no sense");
	if (!apng->done && frame->dispose == DISPOSE_PREVIOUS)
		frame->dispose = DISPOSE_BACKGROUND;
	return 0;
}

/* The first chunk with the frame's pixels: IDAT, for a first frame that is the still one, too. */
static int find_pixels(struct apng *apng, struct png_picture *picture)
{
	struct png_chunk chunk;
	for (;;) {
		int status = png_file_chunk(apng->file, apng->at, &chunk);
		if (status)
			return status;
		if (chunk.type == PNG_FILE_IDAT || chunk.type == PNG_FILE_FDAT)
			break;
		if (chunk.type == PNG_FILE_IEND || chunk.type == PNG_FILE_FCTL)
			return fault(FAULT_BROKEN, "png: a frame has no pixels");
		apng->at = chunk.data + chunk.length + 4;
	}
	picture->data = apng->at;
	picture->frame = chunk.type == PNG_FILE_FDAT;
	if (!picture->frame && (apng->done || apng->frame.width != apng->file->width ||
				       apng->frame.height != apng->file->height))
		return fault(FAULT_BROKEN, "png: the first frame is not the whole picture");
	return 0;
}

int apng_next(struct apng *apng, uint32_t *duration_ms)
{
	if (apng->done == apng->file->frames)
		return -1;
	struct png_picture picture = {.sequence = &apng->sequence, .rgba = true};
	dispose(apng);
	int status = find_control(apng, duration_ms);
	if (!status)
		status = find_pixels(apng, &picture);
	if (!status && apng->frame.dispose == DISPOSE_PREVIOUS)
		status = keep(apng);
	if (status)
		return status;
	picture.width = apng->frame.width;
	picture.height = apng->frame.height;
	apng->row = 0;
	apng->done++;
	return png_rows_push(apng->file, &picture, &apng->stage);
}

int apng_new(struct png_file *file, struct apng **result)
{
	struct apng *apng = calloc(1, sizeof(*apng));
	if (!apng)
		return fault_memory();
	apng->stage.row = take_row;
	apng->file = file;
	apng->at = file->control;
	apng->canvas = calloc((size_t)file->width * file->height, PIXEL);
	if (!apng->canvas) {
		apng_free(apng);
		return fault_memory();
	}
	*result = apng;
	return 0;
}

void apng_free(struct apng *apng)
{
	if (!apng)
		return;
	free(apng->canvas);
	free(apng->kept);
	free(apng);
}

const uint8_t *apng_canvas(const struct apng *apng)
{
	return apng->canvas;
}

/* SPDX-License-Identifier: MIT */
#include "picture/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "picture/fault.h"

struct frame_encoder {
	struct encoder encoder;
	struct frame *frame;
	unsigned channels;
	uint32_t row;
};

static int take_row(struct stage *stage, const void *row)
{
	struct frame_encoder *encoder = (struct frame_encoder *)stage;
	struct frame *frame = encoder->frame;
	unsigned channels = encoder->channels;
	unsigned green = channels > 2 ? 1 : 0, blue = channels > 2 ? 2 : 0;
	bool alpha = channels % 2 == 0;
	if (encoder->row >= frame->height)
		return 0;
	uint32_t *to = frame->argb + (size_t)encoder->row++ * frame->width;
	const uint8_t *from = row;
	for (uint32_t x = 0; x < frame->width; x++, from += channels)
		to[x] = (alpha ? (uint32_t)from[channels - 1] : 255u) << 24 |
			(uint32_t)from[0] << 16 | (uint32_t)from[green] << 8 | from[blue];
	return 0;
}

static int finish(struct encoder *encoder)
{
	(void)encoder;
	return 0;
}

static void free_encoder(struct encoder *encoder)
{
	free(encoder);
}

int frame_encoder_new(
	struct frame *frame, const struct encoder_shape *shape, struct encoder **result)
{
	if (frame->width != shape->width || frame->height != shape->height) {
		frame_deinit(frame);
		frame->argb = calloc((size_t)shape->width * shape->height, sizeof(*frame->argb));
		if (!frame->argb)
			return fault_memory();
		frame->width = shape->width;
		frame->height = shape->height;
	}
	struct frame_encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return fault_memory();
	*encoder = (struct frame_encoder){
		.encoder = {.stages[0].row = take_row, .finish = finish, .free = free_encoder},
		.frame = frame,
		.channels = shape->channels};
	*result = &encoder->encoder;
	return 0;
}

void frame_deinit(struct frame *frame)
{
	free(frame->argb);
	*frame = (struct frame){0};
}

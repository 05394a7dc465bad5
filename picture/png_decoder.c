/* SPDX-License-Identifier: MIT */
/*
 * A still is pushed as it is stored, 16 bits as such; what has fewer than 8, and palettes, are
 * unfolded. A frame of an animation is pushed from its canvas.
 */
#include "picture/png.h"

#include <stdlib.h>
#include <string.h>

#include "picture/apng.h"
#include "picture/fault.h"
#include "picture/png_file.h"
#include "picture/png_rows.h"

struct png_decoder {
	struct decoder decoder;
	struct png_file file;
	struct apng *apng; /* NULL: a still */
};

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct png_file *file = &((struct png_decoder *)decoder)->file;
	struct png_picture picture = {
		.width = file->width, .height = file->height, .data = file->data};
	return png_rows_push(file, &picture, stages[0]);
}

static void close_decoder(struct decoder *decoder)
{
	struct png_decoder *png = (struct png_decoder *)decoder;
	apng_free(png->apng);
	png_file_deinit(&png->file);
	free(png);
}

static int next_frame(struct decoder *decoder, uint32_t *duration_ms)
{
	return apng_next(((struct png_decoder *)decoder)->apng, duration_ms);
}

static int run_frame(struct decoder *decoder, struct stage *const *stages)
{
	const struct png_decoder *png = (struct png_decoder *)decoder;
	const uint8_t *row = apng_canvas(png->apng);
	for (uint32_t y = 0; y < png->file.height; y++, row += (size_t)png->file.width * 4) {
		int status = stage_row(stages[0], row);
		if (status)
			return status;
	}
	return 0;
}

static const struct decoder_type still = {.run = run, .close = close_decoder};
static const struct decoder_type animation = {
	.next = next_frame, .run = run_frame, .close = close_decoder};

static void fill_header(struct png_decoder *png)
{
	const struct png_file *file = &png->file;
	bool gray = !(file->colour & 2);
	png->decoder.header = (struct decoder_header){.type = "png",
		.width = file->width,
		.height = file->height,
		.orientation = file->orientation,
		.depth = file->depth,
		.space = gray ? SPACE_GRAY : SPACE_RGB,
		.alpha = (file->colour & 4) || file->transparency_length,
		.frames = 1,
		.loops = 1,
		.profile = file->profile,
		.profile_length = file->profile_length,
		.cicp = file->cicp};
	if (!file->srgb) {
		png->decoder.header.gamma = file->gamma;
		memcpy(png->decoder.header.chromaticities, file->chromaticities,
			sizeof(file->chromaticities));
	}
	decoder_plain_layout(&png->decoder, (gray ? 1 : 3) + (png->decoder.header.alpha ? 1 : 0),
		file->depth == 16);
}

static int open_animation(struct png_decoder *png, const struct decoder_limits *limits)
{
	struct decoder_header *header = &png->decoder.header;
	if (png->file.frames > limits->frames)
		return fault(FAULT_LIMIT, "png: more than %u frames", limits->frames);
	png->decoder.type = &animation;
	header->frames = png->file.frames;
	header->loops = png->file.loops;
	header->space = SPACE_RGB;
	header->alpha = true;
	decoder_plain_layout(&png->decoder, 4, false);
	return apng_new(&png->file, &png->apng);
}

int png_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	struct png_decoder *png = calloc(1, sizeof(*png));
	if (!png)
		return fault_memory();
	png->decoder.type = &still;
	png->file.input = input;
	int status = png_file_read(&png->file);
	if (!status)
		status = decoder_check_sides(png->file.width, png->file.height, limits);
	if (!status) {
		fill_header(png);
		if (animated && png->file.frames && png->file.control)
			status = open_animation(png, limits);
	}
	if (status) {
		close_decoder(&png->decoder);
		return status;
	}
	*result = &png->decoder;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * A still is pushed as it is stored, 16 bits as such; what has fewer than 8, and palettes, are
 * unfolded by libpng.
 */
#include "picture/png.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/png_file.h"
#include "picture/png_rows.h"

struct png_decoder {
	struct decoder decoder;
	struct png_file file;
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
	png_file_deinit(&png->file);
	free(png);
}

static const struct decoder_type still = {.run = run, .close = close_decoder};

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
		.cicp = file->cicp,
		.gamma = file->srgb ? 0 : file->gamma};
	memcpy(png->decoder.header.chromaticities, file->chromaticities,
		sizeof(file->chromaticities));
	decoder_plain_layout(&png->decoder, (gray ? 1 : 3) + (png->decoder.header.alpha ? 1 : 0),
		file->depth == 16);
}

int png_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	(void)animated;
	struct png_decoder *png = calloc(1, sizeof(*png));
	if (!png)
		return fault_memory();
	png->decoder.type = &still;
	png->file.input = input;
	int status = png_file_read(&png->file);
	if (!status)
		status = decoder_check_sides(png->file.width, png->file.height, limits);
	if (status) {
		close_decoder(&png->decoder);
		return status;
	}
	fill_header(png);
	*result = &png->decoder;
	return 0;
}

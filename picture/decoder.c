/* SPDX-License-Identifier: MIT */
/*
 * The type comes from the first bytes and never from a name. One table has what is known of each.
 */
#include "picture/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "picture/bmff.h"
#include "picture/fault.h"
#include "picture/gif.h"
#include "picture/jpeg.h"
#include "picture/png.h"
#include "picture/tiff.h"
#include "picture/webp.h"

struct magic {
	size_t at;
	const char *bytes;
	size_t length;
	int (*open)(struct input *input, const struct decoder_limits *limits, bool animated,
		struct decoder **decoder);
};

static int open_jpeg(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder)
{
	(void)animated;
	return jpeg_decoder_open(input, limits, decoder);
}

static const struct magic magics[] = {
	{0, "\xff\xd8\xff", 3, open_jpeg},
	{0, "\x89PNG\r\n\x1a\n", 8, png_decoder_open},
	{8, "WEBPVP8", 7, webp_decoder_open},
	{0, "GIF8", 4, gif_decoder_open},
	{4, "ftyp", 4, bmff_open},
	{0, "II*\0", 4, tiff_decoder_open},
	{0, "MM\0*", 4, tiff_decoder_open},
	{0, "II+\0", 4, tiff_decoder_open},
	{0, "MM\0+", 4, tiff_decoder_open},
};

int decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder)
{
	uint8_t head[32];
	size_t length = input_read(input, 0, head, sizeof(head));
	int status = input_failed(input);
	if (status)
		return status;
	for (size_t at = 0; at < sizeof(magics) / sizeof(*magics); at++) {
		const struct magic *magic = &magics[at];
		if (magic->at + magic->length <= length &&
			!memcmp(head + magic->at, magic->bytes, magic->length))
			return magic->open(input, limits, animated, decoder);
	}
	return fault(FAULT_UNSUPPORTED, "the source is no picture of a known type");
}

void decoder_close(struct decoder *decoder)
{
	if (decoder)
		decoder->type->close(decoder);
}

/* Rows, and tables as long as they are, are in memory; no ordinary picture comes near to this. */
enum { SIDE_MAX = 1000000 };

int decoder_check_sides(uint32_t width, uint32_t height, const struct decoder_limits *limits)
{
	if (!width || !height)
		return fault(FAULT_BROKEN, "the picture has no pixels");
	if (width > SIDE_MAX || height > SIDE_MAX || (uint64_t)width * height > limits->pixels)
		return fault(FAULT_LIMIT, "%ux%u: more than %llu pixels, or %d in a side", width,
			height, (unsigned long long)limits->pixels, SIDE_MAX);
	return 0;
}

void decoder_plain_layout(struct decoder *decoder, unsigned channels, bool wide)
{
	decoder->layout = (struct decoder_layout){.planes = 1,
		.channels = channels,
		.wide = wide,
		.raster[0] = {.width = decoder->header.width,
			.height = decoder->header.height,
			.scale_x = 1,
			.scale_y = 1}};
}

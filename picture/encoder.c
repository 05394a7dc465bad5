/* SPDX-License-Identifier: MIT */
/* What each format can do stands in one table. */
#include "picture/encoder.h"

#include <stddef.h>

#include "picture/avif.h"
#include "picture/fault.h"
#include "picture/jpeg.h"
#include "picture/png.h"
#include "picture/webp.h"

struct format {
	int (*open)(const struct encoder_shape *shape, const struct encoder_options *options,
		struct output *output, struct encoder **encoder);
	bool planes, alpha;
	uint32_t side_max;
};

static const struct format formats[] = {
	[FORMAT_JPEG] = {jpeg_encoder_new, true, false, 65500},
	[FORMAT_AVIF] = {avif_encoder_new, true, true, 32768},
	[FORMAT_PNG] = {png_encoder_new, false, true, 0x7fffffff},
	[FORMAT_WEBP] = {webp_encoder_new, true, true, 16383},
};

static const struct format *format_of(enum encoder_format format)
{
	return (size_t)format < sizeof(formats) / sizeof(*formats) && formats[format].open
		       ? &formats[format]
		       : NULL;
}

bool encoder_takes_planes(enum encoder_format format)
{
	return format_of(format) && format_of(format)->planes;
}

bool encoder_takes_alpha(enum encoder_format format)
{
	return format_of(format) && format_of(format)->alpha;
}

uint32_t encoder_side_max(enum encoder_format format)
{
	return format_of(format) ? format_of(format)->side_max : 0;
}

int encoder_new(enum encoder_format number, const struct encoder_shape *shape,
	const struct encoder_options *options, struct output *output, struct encoder **encoder)
{
	const struct format *format = format_of(number);
	if (!format)
		return fault(FAULT_UNSUPPORTED, "this format cannot be written");
	if (shape->width > format->side_max || shape->height > format->side_max)
		return fault(
			FAULT_LIMIT, "the format has at most %u pixels a side", format->side_max);
	return format->open(shape, options, output, encoder);
}

void encoder_free(struct encoder *encoder)
{
	if (encoder)
		encoder->free(encoder);
}

/* SPDX-License-Identifier: MIT */
#include "picture/convert.h"

#include <string.h>

#include "picture/animation.h"
#include "picture/attention.h"
#include "picture/decoder.h"
#include "picture/fault.h"
#include "picture/info.h"
#include "picture/pipeline.h"

static bool is_animation(const struct decoder *decoder)
{
	return decoder->type->next;
}

static enum encoder_format format_of(const struct options *options, const struct decoder *decoder)
{
	static const struct {
		const char *type;
		enum encoder_format format;
	} same[] = {{"png", FORMAT_PNG}, {"webp", FORMAT_WEBP}, {"avif", FORMAT_AVIF}};
	if (options->format)
		return options->format;
	if (is_animation(decoder))
		return FORMAT_WEBP;
	for (size_t at = 0; at < sizeof(same) / sizeof(*same); at++)
		if (!strcmp(same[at].type, decoder->header.type))
			return same[at].format;
	return FORMAT_JPEG;
}

static int convert(struct decoder *decoder, const struct options *options, struct output *output)
{
	enum encoder_format format = format_of(options, decoder);
	if (options->info)
		return info_write(decoder, &options->limits, output);
	if (!is_animation(decoder))
		return pipeline_still(decoder, options, format, output);
	if (format != FORMAT_WEBP)
		return fault(FAULT_UNSUPPORTED, "an animation becomes --format webp only");
	return animation_write(decoder, options, output);
}

int convert_source(const struct options *options, struct input *input, struct output *output)
{
	struct decoder *decoder = NULL;
	struct options placed = *options;
	int status = options->info ? 0 : attention_place(input, &placed);
	if (!status)
		status = decoder_open(
			input, &options->limits, options->animated || options->info, &decoder);
	if (status)
		return status;
	status = convert(decoder, &placed, output);
	if (!status)
		status = input_failed(input);
	decoder_close(decoder);
	return status;
}

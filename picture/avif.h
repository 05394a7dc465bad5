/* SPDX-License-Identifier: MIT */
/* AVIF, by libavif. */
#ifndef PICTURE_AVIF_H
#define PICTURE_AVIF_H

#include "picture/decoder.h"
#include "picture/encoder.h"

int avif_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);
int avif_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **encoder);

#endif

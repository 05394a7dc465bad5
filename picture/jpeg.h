/* SPDX-License-Identifier: MIT */
/* JPEG, by libjpeg-turbo. */
#ifndef PICTURE_JPEG_H
#define PICTURE_JPEG_H

#include "picture/decoder.h"
#include "picture/encoder.h"

int jpeg_decoder_open(
	struct input *input, const struct decoder_limits *limits, struct decoder **decoder);
int jpeg_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **encoder);

#endif

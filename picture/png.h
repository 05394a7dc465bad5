/* SPDX-License-Identifier: MIT */
/* PNG and animated PNG, by libpng. */
#ifndef PICTURE_PNG_H
#define PICTURE_PNG_H

#include "picture/decoder.h"
#include "picture/encoder.h"

/* An animated file is a still, the one for programs that know no animations, unless `animated`. */
int png_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);
int png_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **encoder);

#endif

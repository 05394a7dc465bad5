/* SPDX-License-Identifier: MIT */
/* TIFF, by libtiff. */
#ifndef PICTURE_TIFF_H
#define PICTURE_TIFF_H

#include "picture/decoder.h"

int tiff_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);

#endif

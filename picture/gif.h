/* SPDX-License-Identifier: MIT */
/* GIF, by giflib. */
#ifndef PICTURE_GIF_H
#define PICTURE_GIF_H

#include "picture/decoder.h"

int gif_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);

#endif

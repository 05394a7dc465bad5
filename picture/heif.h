/* SPDX-License-Identifier: MIT */
/* HEIC, by libheif and libde265. */
#ifndef PICTURE_HEIF_H
#define PICTURE_HEIF_H

#include "picture/decoder.h"

int heif_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);

#endif

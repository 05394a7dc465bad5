/* SPDX-License-Identifier: MIT */
/* Pictures in the ISO base media file format: AVIF and HEIC have the same container. */
#ifndef PICTURE_BMFF_H
#define PICTURE_BMFF_H

#include "picture/decoder.h"

/* Opens the decoder of what the first box says that the file is. Returns 0 or a fault. */
int bmff_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);

#endif

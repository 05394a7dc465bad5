/* SPDX-License-Identifier: MIT */
/*
 * The stages between a decoder and an encoder, put together for one picture.
 */
#ifndef PICTURE_PIPELINE_H
#define PICTURE_PIPELINE_H

#include "picture/colour.h"
#include "picture/decoder.h"
#include "picture/frame.h"
#include "picture/options.h"
#include "picture/output.h"

/* Makes the result of the decoder's current frame and adds it to the output. Returns 0 or a
 * fault. */
int pipeline_still(struct decoder *decoder, const struct options *options,
	enum encoder_format format, struct output *output);

/* The same, but a frame in memory gets the pixels. */
int pipeline_frame(struct decoder *decoder, const struct options *options, struct frame *frame);

#endif

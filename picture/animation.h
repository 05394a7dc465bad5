/* SPDX-License-Identifier: MIT */
/*
 * Animations: each frame goes through the pipeline of a still, and all of them into one WebP.
 */
#ifndef PICTURE_ANIMATION_H
#define PICTURE_ANIMATION_H

#include "picture/decoder.h"
#include "picture/options.h"
#include "picture/output.h"

/* The decoder was opened as an animation and none of its frames has been read. Adds the result to
 * the output. Returns 0 or a fault. */
int animation_write(struct decoder *decoder, const struct options *options, struct output *output);

#endif

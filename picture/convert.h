/* SPDX-License-Identifier: MIT */
/*
 * The whole way of a picture, from the bytes of the source to those of the result,
 * or of --info.
 */
#ifndef PICTURE_CONVERT_H
#define PICTURE_CONVERT_H

#include "picture/input.h"
#include "picture/options.h"
#include "picture/output.h"

/* Adds the result to the output, which is worth nothing after a fault. Returns 0 or a fault. */
int convert_source(const struct options *options, struct input *input, struct output *output);

#endif

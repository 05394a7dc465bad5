/* SPDX-License-Identifier: MIT */
/*
 * From the colours of the source to sRGB: by its ICC profile, or by its code points (CICP), or as
 * the plain conversion from CMYK where there is no profile.
 */
#ifndef PICTURE_COLOUR_H
#define PICTURE_COLOUR_H

#include <stddef.h>
#include <stdint.h>

#include "picture/decoder.h"

struct colour;

/* *colour is NULL when nothing has to be converted: gray or RGB that is sRGB, or whose profile is
 * none or does not fit (such a profile is ignored, as browsers do). Returns 0 or a fault. */
int colour_new(const struct decoder_header *header, struct colour **colour);
void colour_free(struct colour *colour);

/* Converts `count` pixels: `in` has the source's channels side by side without alpha, 65535 is
 * white; `out` gets three samples each, sRGB, 65535 is white. */
void colour_row(const struct colour *colour, const uint16_t *in, uint16_t *out, size_t count);

#endif

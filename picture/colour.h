/* SPDX-License-Identifier: MIT */
/*
 * From the colours of the source to sRGB: by its ICC profile, or by its code points (CICP), or by
 * PNG's gAMA and cHRM, or as the plain conversion from CMYK where there is none of them.
 */
#ifndef PICTURE_COLOUR_H
#define PICTURE_COLOUR_H

#include <stddef.h>
#include <stdint.h>

#include "picture/decoder.h"

struct colour;

/* *colour is NULL when nothing has to be converted: gray or RGB that is sRGB, also under another
 * name, or whose profile is none or does not fit (such a profile is ignored, as browsers do).
 * `pixels` is about how many will be converted. Returns 0 or a fault. */
int colour_new(const struct decoder_header *header, uint64_t pixels, struct colour **colour);
void colour_free(struct colour *colour);

/* Samples of a converted pixel: 1 where the source is gray, else 3. */
unsigned colour_channels(const struct colour *colour);

/* Converts `count` pixels: `in` has the source's channels side by side without alpha, 65535 is
 * white, or full ink; `out` gets colour_channels() samples each, sRGB, 65535 is white. */
void colour_row(const struct colour *colour, const uint16_t *in, uint16_t *out, size_t count);

#endif

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

/* Converts a row in place: `planes` has the source's channels without alpha, and room for three;
 * samples are from 0 to STAGE_WHITE, which is white, or full ink. Then the first colour_channels()
 * of them are sRGB. */
void colour_row(const struct colour *colour, int16_t *const *planes, size_t width);

#endif

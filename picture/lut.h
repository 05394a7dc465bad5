/* SPDX-License-Identifier: MIT */
/* Profiles with tables of several dimensions, by lcms2. */
#ifndef PICTURE_LUT_H
#define PICTURE_LUT_H

#include <stddef.h>
#include <stdint.h>

#include "picture/profile.h"

struct lut;

/* Before the source is there: loads lcms2, and does what it does once. It asks for the time when it
 * makes a profile, for which libc opens the file of the time zone. Returns 0 or a fault. */
int lut_prime(void);

/* From a profile's space to sRGB, by the perceptual intent. `pixels` is about how many will be
 * converted. *lut is NULL when lcms2 cannot use the profile, or there is no memory. Returns 0, or a
 * fault: there is no lcms2. */
int lut_new(const struct profile *profile, uint64_t pixels, struct lut **lut);
void lut_free(struct lut *lut);

/* Converts a row of 1, 3 or 4 channels, as the space has, to 3, in place; samples are from 0 to
 * STAGE_WHITE, which is white, or full ink. */
void lut_row(const struct lut *lut, int16_t *const *planes, size_t width);

#endif

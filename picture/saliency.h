/* SPDX-License-Identifier: MIT */
/* What catches the eye in a small picture. */
#ifndef PICTURE_SALIENCY_H
#define PICTURE_SALIENCY_H

#include <stdint.h>

/* Of width * height pixels 0xRRGGBB. A score for each comes into `scores`: none is below 0. Returns
 * 0 or a fault. */
int saliency_score(const uint32_t *argb, uint32_t width, uint32_t height, float *scores);

/* Along one axis of the result: the sums of the scores that lie there. */
enum { SALIENCY_BINS = 256 };

/* Where a window of the length `part` (0 to 1) has the most of it: 0 at the start, 1 at the end,
 * and in the middle of equals. */
double saliency_window(const double bins[SALIENCY_BINS], double part);

#endif

/* SPDX-License-Identifier: MIT */
/* From the samples of a TIFF, as they lie in a strip or tile, to those of a row. */
#ifndef PICTURE_TIFF_SAMPLES_H
#define PICTURE_TIFF_SAMPLES_H

#include "picture/tiff_page.h"

struct tiff_samples {
	const struct tiff_page *page;
	unsigned channels; /* that come out */
	uint8_t table[256];
	uint8_t palette[256][3];
	uint8_t *scratch;
};

/* For up to `width` pixels at a time. Returns 0 or a fault. */
int tiff_samples_init(struct tiff_samples *samples, const struct tiff_page *page, uint32_t width);
void tiff_samples_deinit(struct tiff_samples *samples);

/* Converts `count` pixels. planes: one with all samples side by side, or, of a page with separate
 * planes, one for each channel (tiff_samples_source). `out` gets bytes or words. */
void tiff_samples_convert(
	const struct tiff_samples *samples, const uint8_t *const *planes, size_t count, void *out);

/* How many planes there are, and the number of the sample that the plane of a channel has. */
unsigned tiff_samples_planes(const struct tiff_page *page);
uint16_t tiff_samples_source(const struct tiff_page *page, unsigned channel);

#endif

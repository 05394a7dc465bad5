/* SPDX-License-Identifier: MIT */
/*
 * lcms2 can compute each pixel through the whole profile (0.15 µs for RGB, 0.25 µs for CMYK), or
 * make one table of it first (6 and 25 ms), which is faster afterwards and less exact. So the table
 * is only made for large results.
 */
#include "picture/lut.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/lcms_library.h"
#include "picture/stage.h"

enum { TABLE_PIXELS = 150000 };

struct lut {
	const struct lcms_library *lcms;
	cmsHTRANSFORM transform;
	unsigned channels;
};

static inline uint16_t widened(int16_t sample)
{
	return (uint16_t)(((uint32_t)sample * 65535u + STAGE_WHITE / 2) / STAGE_WHITE);
}

static inline int16_t narrowed(uint16_t sample)
{
	return (int16_t)((sample * (uint32_t)STAGE_WHITE + 32767u) / 65535u);
}

int lut_prime(void)
{
	const struct lcms_library *lcms;
	int status = lcms_library(&lcms);
	if (status)
		return status;
	cmsHPROFILE profile = lcms->srgb();
	if (profile)
		lcms->close(profile);
	return 0;
}

/* A copy without the tags of floating point tables: lcms2 would prefer them, and they may have any
 * number of stages. Everything else that it reads has a bounded number. */
static uint8_t *tamed(const struct profile *profile)
{
	uint8_t *bytes = malloc(profile->length);
	if (!bytes)
		return NULL;
	memcpy(bytes, profile->bytes, profile->length);
	for (uint32_t tag = 0; tag < profile->tags; tag++) {
		uint8_t *name = bytes + 132 + (size_t)tag * 12;
		if (!memcmp(name, "D2B", 3) || !memcmp(name, "B2D", 3))
			name[0] = '-';
	}
	return bytes;
}

int lut_new(const struct profile *profile, uint64_t pixels, struct lut **result)
{
	static const cmsUInt32Number formats[] = {[SPACE_GRAY] = TYPE_GRAY_16,
		[SPACE_RGB] = TYPE_RGB_16,
		[SPACE_CMYK] = TYPE_CMYK_16};
	*result = NULL;
	const struct lcms_library *lcms;
	int status = lcms_library(&lcms);
	if (status)
		return status;
	struct lut *lut = calloc(1, sizeof(*lut));
	uint8_t *bytes = tamed(profile);
	cmsHPROFILE from = NULL, to = NULL;
	if (lut && bytes) {
		lut->lcms = lcms;
		from = lcms->open(bytes, (cmsUInt32Number)profile->length);
		to = lcms->srgb();
	}
	if (from && to)
		lut->transform = lcms->transform(from, formats[profile->space], to, TYPE_RGB_16,
			INTENT_PERCEPTUAL, pixels <= TABLE_PIXELS ? cmsFLAGS_NOOPTIMIZE : 0);
	if (from)
		lcms->close(from);
	if (to)
		lcms->close(to);
	free(bytes);
	if (lut && lut->transform) {
		lut->channels = profile->space == SPACE_GRAY  ? 1
				: profile->space == SPACE_RGB ? 3
							      : 4;
		*result = lut;
		return 0;
	}
	free(lut);
	return 0;
}

void lut_free(struct lut *lut)
{
	if (!lut)
		return;
	lut->lcms->transform_free(lut->transform);
	free(lut);
}

void lut_row(const struct lut *lut, int16_t *const *planes, size_t width)
{
	enum { BLOCK = 256, CHANNELS = 4 };
	uint16_t in[BLOCK * CHANNELS], out[BLOCK * 3];
	unsigned channels = lut->channels;
	for (size_t from = 0; from < width; from += BLOCK) {
		size_t count = width - from < BLOCK ? width - from : BLOCK;
		for (unsigned channel = 0; channel < channels; channel++)
			for (size_t at = 0; at < count; at++)
				in[at * channels + channel] = widened(planes[channel][from + at]);
		lut->lcms->convert(lut->transform, in, out, (cmsUInt32Number)count);
		for (unsigned channel = 0; channel < 3; channel++)
			for (size_t at = 0; at < count; at++)
				planes[channel][from + at] = narrowed(out[at * 3 + channel]);
	}
}

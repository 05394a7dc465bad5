/* SPDX-License-Identifier: MIT */
/*
 * lcms2 does the same, but for samples of 16 bits it makes a table of three dimensions of it, which
 * takes 6 ms and is less exact, or computes every pixel for 0.14 µs. Here the tables take 40 µs,
 * and a pixel 8 ns.
 *
 * Tone mapping is as in the recipes for films (FFmpeg's tonemap=hable with a peak of 10, white at
 * 203 cd/m², and a gamma of 2.4 at the end), so that a picture looks as a film beside it.
 */
#include "picture/shaper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -O2 vectorizes next to nothing. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTORS __attribute__((optimize("O3")))
#else
#define VECTORS
#endif

static const float TONE_PEAK = 10;
static const float HLG_PEAK = 1000.0F / 203;

double shaper_srgb(double sample)
{
	return sample <= 0.04045 ? sample / 12.92 : pow((sample + 0.055) / 1.055, 2.4);
}

void shaper_matrix(struct shaper *shaper, const struct matrix *to_srgb)
{
	for (unsigned row = 0; row < 3; row++)
		for (unsigned column = 0; column < 3; column++)
			shaper->matrix[row][column] = (float)to_srgb->at[row][column];
}

/* More values by straight lines: `parts` times as many. */
static void fill(const float *from, unsigned steps, unsigned parts, float *to)
{
	for (unsigned step = 0; step < steps; step++)
		for (unsigned part = 0; part < parts; part++)
			*to++ = from[step] +
				(from[step + 1] - from[step]) * ((float)part / (float)parts);
	*to = from[steps];
}

static void fill_lights(struct shaper *shaper)
{
	for (unsigned channel = 0; channel < 3; channel++) {
		shaper->light_of[channel] = shaper->lights[channel];
		if (channel && !memcmp(shaper->curves[0], shaper->curves[channel],
				       sizeof(shaper->curves[0])))
			shaper->light_of[channel] = shaper->lights[0];
		else
			fill(shaper->curves[channel], SHAPER_STEPS, SHAPER_LIGHTS / SHAPER_STEPS,
				shaper->lights[channel]);
	}
}

/* By the root of the light, where the curve is nearly a straight line. */
static void fill_codes(struct shaper *shaper)
{
	enum { EXACT = 512 };
	float exact[EXACT + 1], codes[SHAPER_CODES + 1];
	for (unsigned at = 0; at <= EXACT; at++) {
		double light = (double)at / EXACT;
		light *= light;
		double sample =
			light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055;
		if (shaper->range != SHAPER_SDR)
			sample = pow(light, 1 / 2.4);
		exact[at] = (float)sample;
	}
	fill(exact, EXACT, SHAPER_CODES / EXACT, codes);
	for (unsigned at = 0; at <= SHAPER_CODES; at++)
		shaper->codes[at] = (int16_t)(codes[at] * STAGE_WHITE + 0.5F);
}

void shaper_end(struct shaper *shaper, enum shaper_range range)
{
	shaper->range = range;
	fill_lights(shaper);
	fill_codes(shaper);
}

static inline float hable(float light)
{
	return (light * (light * 0.15F + 0.05F) + 0.004F) /
		       (light * (light * 0.15F + 0.5F) + 0.06F) -
	       0.02F / 0.3F;
}

/* The light of a few pixels. */
enum { BLOCK = 64 };
struct block {
	float at[3][BLOCK];
};

static void look_up_lights(const struct shaper *shaper, int16_t *const *planes, size_t from,
	size_t count, struct block *block)
{
	for (unsigned channel = 0; channel < 3; channel++) {
		const float *lights = shaper->light_of[channel];
		const int16_t *samples = planes[channel] + from;
		for (size_t at = 0; at < count; at++)
			block->at[channel][at] = lights[(samples[at] + 2) / 4];
	}
}

VECTORS
static void mix(const struct shaper *shaper, const struct block *in, struct block *out)
{
	for (unsigned row = 0; row < 3; row++) {
		float red = shaper->matrix[row][0], green = shaper->matrix[row][1];
		float blue = shaper->matrix[row][2];
		for (size_t at = 0; at < BLOCK; at++)
			out->at[row][at] =
				red * in->at[0][at] + green * in->at[1][at] + blue * in->at[2][at];
	}
}

/* The brightest channel decides, so that hues stay. */
static void tone_map(struct block *block)
{
	float(*light)[BLOCK] = block->at;
	for (size_t at = 0; at < BLOCK; at++) {
		float most = light[0][at] > light[1][at] ? light[0][at] : light[1][at];
		most = light[2][at] > most ? light[2][at] : most;
		if (most < 1e-6F)
			continue;
		float scale = hable(most) / hable(TONE_PEAK) / most;
		for (unsigned channel = 0; channel < 3; channel++)
			light[channel][at] *= scale;
	}
}

/* ITU-R BT.2100: what a screen makes of the light of the scene depends on its luminance. */
static void hlg_to_screen(struct block *block)
{
	float(*light)[BLOCK] = block->at;
	for (size_t at = 0; at < BLOCK; at++) {
		float luminance =
			0.2627F * light[0][at] + 0.6780F * light[1][at] + 0.0593F * light[2][at];
		float scale = HLG_PEAK * powf(luminance, 0.2F);
		for (unsigned channel = 0; channel < 3; channel++)
			light[channel][at] *= scale;
	}
}

/* The place of each light in the table of samples. */
VECTORS
static void places_of(const float *lights, int32_t *places)
{
	for (size_t at = 0; at < BLOCK; at++) {
		/* The comparisons are so that what is no number becomes black. */
		float light = lights[at] > 0 ? lights[at] : 0;
		light = light < 1 ? light : 1;
		places[at] = (int32_t)(sqrtf(light) * SHAPER_CODES + 0.5F);
	}
}

void shaper_row(const struct shaper *shaper, int16_t *const *planes, size_t width)
{
	for (size_t from = 0; from < width; from += BLOCK) {
		size_t count = width - from < BLOCK ? width - from : BLOCK;
		struct block light = {0}, rgb;
		int32_t places[BLOCK];
		look_up_lights(shaper, planes, from, count, &light);
		if (shaper->range == SHAPER_HLG)
			hlg_to_screen(&light);
		mix(shaper, &light, &rgb);
		if (shaper->range != SHAPER_SDR)
			tone_map(&rgb);
		for (unsigned channel = 0; channel < 3; channel++) {
			places_of(rgb.at[channel], places);
			for (size_t at = 0; at < count; at++)
				planes[channel][from + at] = shaper->codes[places[at]];
		}
	}
}

bool shaper_is_srgb(const struct shaper *shaper)
{
	static const int16_t levels[] = {0, 370, 1500, 3200, 6000, 9000, 12500, STAGE_WHITE};
	enum { LEVELS = sizeof(levels) / sizeof(*levels), GRAYS = 64, STEP = STAGE_WHITE / 255 };
	enum { COUNT = GRAYS + LEVELS * LEVELS * LEVELS };
	int16_t in[3][COUNT], out[3][COUNT];
	if (shaper->range != SHAPER_SDR)
		return false;
	for (unsigned at = 0; at < COUNT; at++) {
		unsigned colour = at - GRAYS;
		for (unsigned channel = 0; channel < 3; channel++, colour /= LEVELS)
			in[channel][at] = at < GRAYS ? (int16_t)(at * STAGE_WHITE / (GRAYS - 1))
						     : levels[colour % LEVELS];
	}
	memcpy(out, in, sizeof(out));
	shaper_row(shaper, (int16_t *const[]){out[0], out[1], out[2]}, COUNT);
	/* Primaries are often rounded to four digits, which shows in the darkest channel. */
	for (unsigned at = 0; at < COUNT; at++)
		for (unsigned channel = 0; channel < 3; channel++)
			if (abs(out[channel][at] - in[channel][at]) >
				(at < GRAYS ? STEP : 2 * STEP))
				return false;
	return true;
}

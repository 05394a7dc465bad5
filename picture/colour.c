/* SPDX-License-Identifier: MIT */
/*
 * Which of the things that a file says of its colours counts. In PNG, code points (cICP) go before
 * the profile, and the profile before gAMA (PNG 3, §4.3). In AVIF and HEIC, the profile goes before
 * the code points (MIAF), unless the profile itself says by code points that it is HDR: the table
 * of such a profile is for screens with HDR.
 *
 * What is found is one of three: nothing usable, and the next counts; sRGB by another name, and
 * nothing is to be done; a conversion.
 */
#include "picture/colour.h"

#include <stdlib.h>
#include <string.h>

#include "picture/cicp.h"
#include "picture/fault.h"
#include "picture/lut.h"
#include "picture/profile.h"
#include "picture/shaper.h"
#include "picture/stage.h"

enum found { FOUND_NOTHING, FOUND_SRGB, FOUND_CONVERSION };

enum { GRAY_STEP = 16, GRAYS = STAGE_WHITE / GRAY_STEP };

struct colour {
	/* One of them; none: plain CMYK. */
	struct shaper *shaper;
	struct lut *lut;
	int16_t *grays; /* GRAYS + 2: what a gray becomes */
	int status;	/* a fault: what the profile needs is missing */
};

/* A gray source needs a table of one dimension only, whatever the conversion is. */
static enum found flatten_to_grays(struct colour *colour)
{
	int16_t in[3][GRAYS + 1];
	bool same = true;
	colour->grays = malloc((GRAYS + 2) * sizeof(*colour->grays));
	if (!colour->grays)
		return FOUND_NOTHING;
	for (unsigned step = 0; step <= GRAYS; step++)
		in[0][step] = in[1][step] = in[2][step] = (int16_t)(step * GRAY_STEP);
	if (colour->lut)
		lut_row(colour->lut, (int16_t *const[]){in[0], in[1], in[2]}, GRAYS + 1);
	else
		shaper_row(colour->shaper, (int16_t *const[]){in[0], in[1], in[2]}, GRAYS + 1);
	for (unsigned step = 0; step <= GRAYS; step++) {
		double luma = 0.299 * in[0][step] + 0.587 * in[1][step] + 0.114 * in[2][step];
		colour->grays[step] = (int16_t)(luma + 0.5);
		same = same &&
		       abs(colour->grays[step] - (int)step * GRAY_STEP) <= STAGE_WHITE / 255;
	}
	colour->grays[GRAYS + 1] = colour->grays[GRAYS];
	return same ? FOUND_SRGB : FOUND_CONVERSION;
}

static enum found found(struct colour *colour, const struct decoder_header *header)
{
	if (header->space == SPACE_GRAY)
		return flatten_to_grays(colour);
	return shaper_is_srgb(colour->shaper) ? FOUND_SRGB : FOUND_CONVERSION;
}

static struct shaper *make_shaper(struct colour *colour)
{
	if (!colour->shaper)
		colour->shaper = calloc(1, sizeof(*colour->shaper));
	return colour->shaper;
}

static enum found by_cicp(struct colour *colour, const struct decoder_header *header,
	const struct decoder_cicp *cicp, bool narrow)
{
	if (!cicp_is_given(cicp) || header->space == SPACE_CMYK || !make_shaper(colour))
		return FOUND_NOTHING;
	cicp_shaper(cicp, narrow, colour->shaper);
	return found(colour, header);
}

static enum found by_gamma(struct colour *colour, const struct decoder_header *header)
{
	if (!header->gamma || header->space == SPACE_CMYK || !make_shaper(colour) ||
		!cicp_shaper_of_gamma(header->gamma, header->chromaticities, colour->shaper))
		return FOUND_NOTHING;
	return found(colour, header);
}

/* A gray's lightness in a profile to Lab is L*. */
static float light_of_lightness(float lightness)
{
	float root = (lightness * 100 + 16) / 116;
	return root > 6.0F / 29 ? root * root * root
				: (root - 4.0F / 29) * 3 * (6.0F / 29) * (6.0F / 29);
}

static enum found by_gray_curve(
	struct colour *colour, const struct decoder_header *header, const struct profile *profile)
{
	static const struct matrix same = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
	struct shaper *shaper = make_shaper(colour);
	if (!shaper || !profile_curve(profile, PROFILE_SIGNATURE('k', 'T', 'R', 'C'),
			       shaper->curves[0], SHAPER_STEPS))
		return FOUND_NOTHING;
	for (unsigned step = 0; step <= SHAPER_STEPS; step++) {
		float light = shaper->curves[0][step];
		if (profile->lab)
			light = light_of_lightness(light);
		for (unsigned channel = 0; channel < 3; channel++)
			shaper->curves[channel][step] = light;
	}
	shaper_matrix(shaper, &same);
	shaper_end(shaper, SHAPER_SDR);
	return found(colour, header);
}

static enum found by_matrix(
	struct colour *colour, const struct decoder_header *header, const struct profile *profile)
{
	static const uint32_t curves[] = {PROFILE_SIGNATURE('r', 'T', 'R', 'C'),
		PROFILE_SIGNATURE('g', 'T', 'R', 'C'), PROFILE_SIGNATURE('b', 'T', 'R', 'C')};
	struct shaper *shaper = make_shaper(colour);
	struct matrix xyz, matrix;
	if (!shaper || profile->lab || !profile_matrix(profile, &xyz))
		return FOUND_NOTHING;
	for (unsigned channel = 0; channel < 3; channel++)
		if (!profile_curve(profile, curves[channel], shaper->curves[channel], SHAPER_STEPS))
			return FOUND_NOTHING;
	matrix_to_srgb(&xyz, &matrix);
	shaper_matrix(shaper, &matrix);
	shaper_end(shaper, SHAPER_SDR);
	return found(colour, header);
}

static enum found by_profile(
	struct colour *colour, const struct decoder_header *header, uint64_t pixels)
{
	struct profile profile;
	struct decoder_cicp cicp;
	if (!profile_read(header->profile, header->profile_length, &profile))
		return FOUND_NOTHING;
	/* Gray pictures often have a profile of RGB, whose grays they mean. */
	bool fits = profile.space == header->space ||
		    (header->space == SPACE_GRAY && profile.space == SPACE_RGB);
	if (!fits)
		return FOUND_NOTHING;
	if (profile_cicp(&profile, &cicp) && cicp_is_hdr(&cicp))
		return by_cicp(colour, header, &cicp, false);
	if (profile_has_table(&profile)) {
		colour->status = lut_new(
			&profile, header->space == SPACE_GRAY ? GRAYS : pixels, &colour->lut);
		if (!colour->lut)
			return FOUND_NOTHING;
		return header->space == SPACE_GRAY ? flatten_to_grays(colour) : FOUND_CONVERSION;
	}
	return profile.space == SPACE_GRAY  ? by_gray_curve(colour, header, &profile)
	       : profile.space == SPACE_RGB ? by_matrix(colour, header, &profile)
					    : FOUND_NOTHING;
}

static enum found find(struct colour *colour, const struct decoder_header *header, uint64_t pixels)
{
	bool png = !strcmp(header->type, "png");
	enum found what = FOUND_NOTHING;
	if (png)
		what = by_cicp(colour, header, &header->cicp, !header->cicp.full_range);
	if (!what)
		what = by_profile(colour, header, pixels);
	if (!what && !png)
		what = by_cicp(colour, header, &header->cicp, false);
	return what ? what : by_gamma(colour, header);
}

int colour_new(const struct decoder_header *header, uint64_t pixels, struct colour **result)
{
	*result = NULL;
	struct colour *colour = calloc(1, sizeof(*colour));
	if (!colour)
		return fault_memory();
	enum found what = find(colour, header, pixels);
	int status = colour->status;
	if (status || (what != FOUND_CONVERSION && header->space != SPACE_CMYK)) {
		colour_free(colour);
		return status;
	}
	*result = colour;
	return 0;
}

void colour_free(struct colour *colour)
{
	if (!colour)
		return;
	free(colour->shaper);
	lut_free(colour->lut);
	free(colour->grays);
	free(colour);
}

unsigned colour_channels(const struct colour *colour)
{
	return colour->grays ? 1 : 3;
}

static void gray_row(const int16_t *grays, int16_t *samples, size_t width)
{
	for (size_t at = 0; at < width; at++) {
		int step = samples[at] / GRAY_STEP, rest = samples[at] % GRAY_STEP;
		samples[at] =
			(int16_t)(grays[step] + (grays[step + 1] - grays[step]) * rest / GRAY_STEP);
	}
}

/* Ink on ink takes away what is left, as browsers do it. */
static void ink_row(int16_t *const *planes, size_t width)
{
	for (unsigned ink = 0; ink < 3; ink++)
		for (size_t at = 0; at < width; at++)
			planes[ink][at] = (int16_t)((STAGE_WHITE - planes[ink][at]) *
						    (STAGE_WHITE - planes[3][at]) / STAGE_WHITE);
}

void colour_row(const struct colour *colour, int16_t *const *planes, size_t width)
{
	if (colour->grays)
		gray_row(colour->grays, planes[0], width);
	else if (colour->lut)
		lut_row(colour->lut, planes, width);
	else if (colour->shaper)
		shaper_row(colour->shaper, planes, width);
	else
		ink_row(planes, width);
}

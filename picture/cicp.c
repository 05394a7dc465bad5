/* SPDX-License-Identifier: MIT */
/*
 * The transfers of television for SDR (BT.709, BT.601, BT.2020) are taken as that of sRGB: what
 * they describe is a camera, and browsers and the recipes for films show their values unchanged.
 */
#include "picture/cicp.h"

#include <math.h>

enum { UNSPECIFIED = 2, TRANSFER_PQ = 16, TRANSFER_HLG = 18 };

#define D65 0.3127, 0.3290
#define WHITE_C 0.310, 0.316

static const struct {
	uint8_t number;
	struct matrix_primaries primaries;
} known[] = {
	{1, {{D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06}}},		  /* BT.709, sRGB */
	{4, {{WHITE_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08}}},		  /* BT.470 M */
	{5, {{D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06}}},		  /* BT.601, 625 lines */
	{6, {{D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}}},		  /* BT.601, 525 lines */
	{7, {{D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}}},		  /* SMPTE 240M */
	{8, {{WHITE_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049}}},	  /* film */
	{9, {{D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046}}},		  /* BT.2020, BT.2100 */
	{11, {{0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}}}, /* DCI-P3 */
	{12, {{D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}}},	  /* Display P3 */
	{22, {{D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077}}},	  /* EBU 3213 */
};

bool cicp_is_given(const struct decoder_cicp *cicp)
{
	return cicp->primaries != UNSPECIFIED || cicp->transfer != UNSPECIFIED;
}

bool cicp_is_hdr(const struct decoder_cicp *cicp)
{
	return cicp->transfer == TRANSFER_PQ || cicp->transfer == TRANSFER_HLG;
}

/* SMPTE ST 2084: 1 is 203 cd/m², the white of a picture beside HDR (ITU-R BT.2408). */
static double pq_light(double sample)
{
	static const double m1 = 2610 / 16384.0, m2 = 2523 / 4096.0 * 128;
	static const double c1 = 3424 / 4096.0, c2 = 2413 / 4096.0 * 32, c3 = 2392 / 4096.0 * 32;
	double power = pow(sample, 1 / m2);
	double above = power > c1 ? power - c1 : 0;
	return pow(above / (c2 - c3 * power), 1 / m1) * 10000 / 203;
}

static double hlg_light(double sample)
{
	static const double a = 0.17883277, b = 0.28466892, c = 0.55991073;
	return sample <= 0.5 ? sample * sample / 3 : (exp((sample - c) / a) + b) / 12;
}

static double light_of(unsigned transfer, double sample)
{
	switch (transfer) {
	case 4:
		return pow(sample, 2.2);
	case 5:
		return pow(sample, 2.8);
	case 8:
		return sample;
	case TRANSFER_PQ:
		return pq_light(sample);
	case 17: /* SMPTE ST 428: cinema, white is 48 cd/m² of 52.37 */
		return pow(sample, 2.6) * 52.37 / 48;
	case TRANSFER_HLG:
		return hlg_light(sample);
	default:
		return shaper_srgb(sample);
	}
}

static bool primaries_into(const struct matrix_primaries *primaries, struct shaper *shaper)
{
	struct matrix xyz, matrix;
	if (!matrix_to_xyz(primaries, &xyz))
		return false;
	matrix_to_srgb(&xyz, &matrix);
	shaper_matrix(shaper, &matrix);
	return true;
}

static void same_curves(struct shaper *shaper)
{
	for (unsigned channel = 1; channel < 3; channel++)
		for (unsigned step = 0; step <= SHAPER_STEPS; step++)
			shaper->curves[channel][step] = shaper->curves[0][step];
}

void cicp_shaper(const struct decoder_cicp *cicp, bool narrow, struct shaper *shaper)
{
	const struct matrix_primaries *primaries = &known[0].primaries;
	for (size_t at = 0; at < sizeof(known) / sizeof(*known); at++)
		if (known[at].number == cicp->primaries)
			primaries = &known[at].primaries;
	primaries_into(primaries, shaper);
	for (unsigned step = 0; step <= SHAPER_STEPS; step++) {
		double sample = (double)step / SHAPER_STEPS;
		if (narrow)
			sample = fmin(fmax((sample * 255 - 16) / (235 - 16), 0), 1);
		shaper->curves[0][step] = (float)light_of(cicp->transfer, sample);
	}
	same_curves(shaper);
	shaper_end(shaper, cicp->transfer == TRANSFER_PQ    ? SHAPER_PQ
			   : cicp->transfer == TRANSFER_HLG ? SHAPER_HLG
							    : SHAPER_SDR);
}

bool cicp_shaper_of_gamma(uint32_t gamma, const uint32_t chromaticities[8], struct shaper *shaper)
{
	/* An exponent from 1/10 to 10; other values are mistakes. */
	if (gamma < 10000 || gamma > 1000000)
		return false;
	struct matrix_primaries primaries = known[0].primaries;
	for (unsigned at = 0; at < 8 && chromaticities[0]; at++)
		primaries.xy[at] = chromaticities[at] / 100000.0;
	if (!primaries_into(&primaries, shaper) && !primaries_into(&known[0].primaries, shaper))
		return false;
	/* 1/2.2 is how PNG writes the curve of sRGB. */
	bool srgb = gamma > 43000 && gamma < 48000;
	for (unsigned step = 0; step <= SHAPER_STEPS; step++) {
		double sample = (double)step / SHAPER_STEPS;
		shaper->curves[0][step] =
			(float)(srgb ? shaper_srgb(sample) : pow(sample, 100000.0 / gamma));
	}
	same_curves(shaper);
	shaper_end(shaper, SHAPER_SDR);
	return true;
}

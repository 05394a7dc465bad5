/* SPDX-License-Identifier: MIT */
/*
 * The conversion that most pictures need: a curve for each channel to linear light, a matrix, and
 * the curve of sRGB. What is brighter than white is tone-mapped on the way where it is asked for.
 */
#ifndef PICTURE_SHAPER_H
#define PICTURE_SHAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picture/matrix.h"
#include "picture/stage.h"

/* The light is looked up for every fourth sample, and a sample for so many roots of a light. */
enum { SHAPER_STEPS = 510, SHAPER_LIGHTS = STAGE_WHITE / 4, SHAPER_CODES = 4096 };

enum shaper_range {
	SHAPER_SDR,
	SHAPER_PQ,  /* a light of 1 is 203 cd/m², more is tone-mapped */
	SHAPER_HLG, /* the light of the scene; becomes that of a screen of 1000 cd/m² */
};

struct shaper {
	/* Set by the caller: the light of SHAPER_STEPS + 1 samples from black to white; and the way
	 * to linear sRGB. */
	float curves[3][SHAPER_STEPS + 1];
	float matrix[3][3];
	/* Made of them by shaper_end. */
	enum shaper_range range;
	const float *light_of[3]; /* which of the lights counts for a channel */
	float lights[3][SHAPER_LIGHTS + 1];
	int16_t codes[SHAPER_CODES + 1];
};

/* The light of a sample from 0 to 1 by the curve of sRGB. */
double shaper_srgb(double sample);

void shaper_matrix(struct shaper *shaper, const struct matrix *to_srgb);

/* The curves and the matrix are there: makes the rest. */
void shaper_end(struct shaper *shaper, enum shaper_range range);

/* Whether it changes no gray by more than a step of eight bits, and no colour by more than two. */
bool shaper_is_srgb(const struct shaper *shaper);

/* Converts a row of three channels in place; samples are from 0 to STAGE_WHITE. */
void shaper_row(const struct shaper *shaper, int16_t *const *planes, size_t width);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Primaries come from files as numbers of any size, so every division is guarded: what cannot be
 * inverted is no space of colours.
 */
#include "picture/matrix.h"

#include <math.h>

static const struct matrix_primaries SRGB = {{0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06}};
static const double D50[3] = {0.9642, 1.0, 0.8249};
/* Bradford's cone responses. */
static const struct matrix CONES = {
	{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};

static struct matrix multiply(const struct matrix *left, const struct matrix *right)
{
	struct matrix result = {0};
	for (unsigned row = 0; row < 3; row++)
		for (unsigned column = 0; column < 3; column++)
			for (unsigned at = 0; at < 3; at++)
				result.at[row][column] += left->at[row][at] * right->at[at][column];
	return result;
}

static void apply(const struct matrix *matrix, const double in[3], double out[3])
{
	for (unsigned row = 0; row < 3; row++)
		out[row] = matrix->at[row][0] * in[0] + matrix->at[row][1] * in[1] +
			   matrix->at[row][2] * in[2];
}

/* The minor that belongs to [row][column], with its sign: indices in a circle give it. */
static double cofactor(const struct matrix *matrix, unsigned row, unsigned column)
{
	unsigned r1 = (row + 1) % 3, r2 = (row + 2) % 3;
	unsigned c1 = (column + 1) % 3, c2 = (column + 2) % 3;
	return matrix->at[r1][c1] * matrix->at[r2][c2] - matrix->at[r1][c2] * matrix->at[r2][c1];
}

static bool invert(const struct matrix *matrix, struct matrix *inverse)
{
	double determinant = 0;
	for (unsigned column = 0; column < 3; column++)
		determinant += matrix->at[0][column] * cofactor(matrix, 0, column);
	if (!(fabs(determinant) > 1e-6))
		return false;
	for (unsigned row = 0; row < 3; row++)
		for (unsigned column = 0; column < 3; column++)
			inverse->at[column][row] = cofactor(matrix, row, column) / determinant;
	return true;
}

/* The XYZ of a chromaticity, with a Y of 1. */
static bool xyz_of(const double *xy, double xyz[3])
{
	if (!(xy[0] >= 0 && xy[0] <= 1 && xy[1] > 0.001 && xy[1] <= 1 && xy[0] + xy[1] <= 1.001))
		return false;
	xyz[0] = xy[0] / xy[1];
	xyz[1] = 1;
	xyz[2] = (1 - xy[0] - xy[1]) / xy[1];
	return true;
}

/* A white becomes that of D50: each response of the cones is scaled. */
static bool adapt(const double white[3], struct matrix *matrix)
{
	double from[3], to[3];
	struct matrix back;
	apply(&CONES, white, from);
	apply(&CONES, D50, to);
	struct matrix scaled = CONES;
	for (unsigned cone = 0; cone < 3; cone++) {
		if (!(from[cone] > 0.001))
			return false;
		for (unsigned column = 0; column < 3; column++)
			scaled.at[cone][column] *= to[cone] / from[cone];
	}
	if (!invert(&CONES, &back))
		return false;
	*matrix = multiply(&back, &scaled);
	return true;
}

bool matrix_to_xyz(const struct matrix_primaries *primaries, struct matrix *matrix)
{
	double white[3], amounts[3], colour[3];
	struct matrix columns, inverse, adaptation;
	if (!xyz_of(primaries->xy, white))
		return false;
	for (unsigned column = 0; column < 3; column++) {
		/* A primary may have no Y of its own, but xyz_of's bound keeps it finite. */
		if (!xyz_of(primaries->xy + 2 + (size_t)column * 2, colour))
			return false;
		for (unsigned row = 0; row < 3; row++)
			columns.at[row][column] = colour[row];
	}
	if (!invert(&columns, &inverse) || !adapt(white, &adaptation))
		return false;
	/* As much of each primary as makes white of all three. */
	apply(&inverse, white, amounts);
	for (unsigned column = 0; column < 3; column++)
		for (unsigned row = 0; row < 3; row++)
			columns.at[row][column] *= amounts[column];
	*matrix = multiply(&adaptation, &columns);
	return true;
}

void matrix_to_srgb(const struct matrix *xyz, struct matrix *matrix)
{
	struct matrix srgb, inverse;
	*matrix = (struct matrix){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
	if (matrix_to_xyz(&SRGB, &srgb) && invert(&srgb, &inverse))
		*matrix = multiply(&inverse, xyz);
}

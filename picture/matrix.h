/* SPDX-License-Identifier: MIT */
/* From one set of primaries to another, in linear light. */
#ifndef PICTURE_MATRIX_H
#define PICTURE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

struct matrix {
	double at[3][3]; /* [row][column] */
};

/* x and y of white, red, green, blue, in the order of PNG's cHRM. */
struct matrix_primaries {
	double xy[8];
};

/* What turns linear RGB into CIE XYZ for a white of D50, as in ICC profiles; other whites are
 * adapted (Bradford). Returns false where the primaries make no space of colours. */
bool matrix_to_xyz(const struct matrix_primaries *primaries, struct matrix *matrix);

/* From linear RGB to linear sRGB, where `xyz` is what turns the former into XYZ (D50). */
void matrix_to_srgb(const struct matrix *xyz, struct matrix *matrix);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reading ICC profiles (ICC.1:2022). A profile comes from a file and is hostile: what does not
 * parse is no profile, which is no fault.
 */
#ifndef PICTURE_PROFILE_H
#define PICTURE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picture/decoder.h"
#include "picture/matrix.h"

#define PROFILE_SIGNATURE(a, b, c, d)                                                              \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

enum { PROFILE_LENGTH_MAX = 16 << 20 };

struct profile {
	const uint8_t *bytes; /* borrowed */
	size_t length;
	uint32_t tags;
	enum decoder_space space; /* what it converts from */
	bool lab;		  /* … to Lab, else to XYZ */
};

/* Returns whether it is a profile for pictures in gray, RGB or CMYK. */
bool profile_read(const uint8_t *bytes, size_t length, struct profile *profile);

/* The bytes of a tag, its type included, at least 12 of them. Returns whether it is there. */
bool profile_tag(
	const struct profile *profile, uint32_t signature, const uint8_t **bytes, size_t *length);

/* A curve (rTRC, …) at `steps` + 1 places from black to white, from 0 to 1. Returns whether it is
 * there and makes sense. */
bool profile_curve(const struct profile *profile, uint32_t signature, float *curve, unsigned steps);

/* What rXYZ, gXYZ and bXYZ say. Returns whether they are there and make white of D50 together. */
bool profile_matrix(const struct profile *profile, struct matrix *xyz);

/* Whether it has a table for the perceptual intent, which goes before curves and matrix. */
bool profile_has_table(const struct profile *profile);

/* The code points of the tag cicp. Returns whether it is there. */
bool profile_cicp(const struct profile *profile, struct decoder_cicp *cicp);

/* Writes the description as UTF-8 with a NUL, "" where there is none. `room` is at least 1; a
 * longer one is cut between characters. */
void profile_name(const struct profile *profile, char *text, size_t room);

#endif

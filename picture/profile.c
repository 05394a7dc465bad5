/* SPDX-License-Identifier: MIT */
/*
 * lcms2 reads profiles as well, but it makes a table of 4096 values of each curve at once, so that
 * the small profile of a telephone's photo costs more than the decoding of a small picture.
 */
#include "picture/profile.h"

#include <math.h>

enum { HEADER = 128, TAG = 12, TAGS_MAX = 100, TAG_HEAD = 12 };

static uint32_t number(const uint8_t *bytes)
{
	return PROFILE_SIGNATURE(bytes[0], bytes[1], bytes[2], bytes[3]);
}

static double fixed(const uint8_t *bytes)
{
	return (int32_t)number(bytes) / 65536.0;
}

bool profile_read(const uint8_t *bytes, size_t length, struct profile *profile)
{
	static const struct {
		uint32_t signature;
		enum decoder_space space;
	} spaces[] = {{PROFILE_SIGNATURE('G', 'R', 'A', 'Y'), SPACE_GRAY},
		{PROFILE_SIGNATURE('R', 'G', 'B', ' '), SPACE_RGB},
		{PROFILE_SIGNATURE('C', 'M', 'Y', 'K'), SPACE_CMYK}};
	static const uint32_t classes[] = {PROFILE_SIGNATURE('s', 'c', 'n', 'r'),
		PROFILE_SIGNATURE('m', 'n', 't', 'r'), PROFILE_SIGNATURE('p', 'r', 't', 'r'),
		PROFILE_SIGNATURE('s', 'p', 'a', 'c')};
	if (!bytes || length < HEADER + 4 || length > PROFILE_LENGTH_MAX ||
		number(bytes + 36) != PROFILE_SIGNATURE('a', 'c', 's', 'p'))
		return false;
	/* What the profile says of its own length may be wrong; its tags are held against both. */
	uint32_t said = number(bytes);
	if (said < HEADER + 4)
		return false;
	*profile = (struct profile){.bytes = bytes,
		.length = said < length ? said : length,
		.tags = number(bytes + HEADER)};
	if (profile->tags > TAGS_MAX || HEADER + 4 + profile->tags * TAG > profile->length)
		return false;
	bool known = false, fits = false;
	for (size_t at = 0; at < sizeof(classes) / sizeof(*classes); at++)
		known = known || number(bytes + 12) == classes[at];
	for (size_t at = 0; at < sizeof(spaces) / sizeof(*spaces); at++)
		if (number(bytes + 16) == spaces[at].signature) {
			profile->space = spaces[at].space;
			fits = true;
		}
	profile->lab = number(bytes + 20) == PROFILE_SIGNATURE('L', 'a', 'b', ' ');
	return known && fits &&
	       (profile->lab || number(bytes + 20) == PROFILE_SIGNATURE('X', 'Y', 'Z', ' '));
}

bool profile_tag(
	const struct profile *profile, uint32_t signature, const uint8_t **bytes, size_t *length)
{
	for (uint32_t tag = 0; tag < profile->tags; tag++) {
		const uint8_t *row = profile->bytes + HEADER + 4 + (size_t)tag * TAG;
		uint32_t offset = number(row + 4), size = number(row + 8);
		if (number(row) != signature)
			continue;
		if (offset > profile->length || size > profile->length - offset || size < TAG_HEAD)
			return false;
		*bytes = profile->bytes + offset;
		*length = size;
		return true;
	}
	return false;
}

static float bounded(double value)
{
	return value > 0 ? value < 1 ? (float)value : 1 : 0; /* NaN becomes 0 */
}

/* §10.6: values at equal distances, or one that is an exponent, or none. */
static bool table_curve(const uint8_t *bytes, size_t length, float *curve, unsigned steps)
{
	uint32_t count = number(bytes + 8);
	if (count > (length - TAG_HEAD) / 2)
		return false;
	const uint8_t *values = bytes + TAG_HEAD;
	double exponent = count ? (values[0] << 8 | values[1]) / 256.0 : 1;
	for (unsigned step = 0; step <= steps; step++) {
		double at = (double)step / steps;
		if (count <= 1) {
			curve[step] = bounded(pow(at, exponent));
			continue;
		}
		at *= count - 1;
		uint32_t low = (uint32_t)at, high = low + 1 < count ? low + 1 : low;
		double below = values[2 * (size_t)low] << 8 | values[2 * (size_t)low + 1];
		double above = values[2 * (size_t)high] << 8 | values[2 * (size_t)high + 1];
		curve[step] = bounded((below + (above - below) * (at - low)) / 65535);
	}
	return true;
}

/* §10.18: five kinds, each with more parameters than the one before. All are the last one with
 * some parameters left out. */
static bool formula_curve(const uint8_t *bytes, size_t length, float *curve, unsigned steps)
{
	static const uint8_t counts[] = {1, 3, 4, 5, 7};
	unsigned kind = (unsigned)bytes[8] << 8 | bytes[9];
	if (kind >= sizeof(counts) || counts[kind] > (length - TAG_HEAD) / 4)
		return false;
	double g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0;
	double *const parameters[] = {&g, &a, &b, &c, &d, &e, &f};
	for (unsigned at = 0; at < counts[kind]; at++)
		*parameters[at] = fixed(bytes + TAG_HEAD + (size_t)at * 4);
	if (kind == 1 || kind == 2) {
		/* Below -b/a it is the constant, which the parameter c is here. */
		if (fabs(a) < 1e-9)
			return false;
		e = f = kind == 2 ? c : 0;
		c = 0;
		d = -b / a;
	}
	for (unsigned step = 0; step <= steps; step++) {
		double at = (double)step / steps;
		curve[step] = bounded(at >= d ? pow(a * at + b, g) + e : c * at + f);
	}
	return true;
}

bool profile_curve(const struct profile *profile, uint32_t signature, float *curve, unsigned steps)
{
	const uint8_t *bytes;
	size_t length;
	if (!profile_tag(profile, signature, &bytes, &length))
		return false;
	if (number(bytes) == PROFILE_SIGNATURE('c', 'u', 'r', 'v'))
		return table_curve(bytes, length, curve, steps);
	return number(bytes) == PROFILE_SIGNATURE('p', 'a', 'r', 'a') &&
	       formula_curve(bytes, length, curve, steps);
}

bool profile_matrix(const struct profile *profile, struct matrix *xyz)
{
	static const uint32_t columns[] = {PROFILE_SIGNATURE('r', 'X', 'Y', 'Z'),
		PROFILE_SIGNATURE('g', 'X', 'Y', 'Z'), PROFILE_SIGNATURE('b', 'X', 'Y', 'Z')};
	static const double D50[3] = {0.9642, 1.0, 0.8249};
	double sums[3] = {0};
	for (unsigned column = 0; column < 3; column++) {
		const uint8_t *bytes;
		size_t length;
		if (!profile_tag(profile, columns[column], &bytes, &length) || length < 20 ||
			number(bytes) != PROFILE_SIGNATURE('X', 'Y', 'Z', ' '))
			return false;
		for (unsigned row = 0; row < 3; row++) {
			xyz->at[row][column] = fixed(bytes + 8 + (size_t)row * 4);
			sums[row] += xyz->at[row][column];
		}
	}
	for (unsigned row = 0; row < 3; row++)
		if (fabs(sums[row] - D50[row]) > 0.2)
			return false;
	return true;
}

bool profile_has_table(const struct profile *profile)
{
	const uint8_t *bytes;
	size_t length;
	return profile_tag(profile, PROFILE_SIGNATURE('A', '2', 'B', '0'), &bytes, &length);
}

bool profile_cicp(const struct profile *profile, struct decoder_cicp *cicp)
{
	const uint8_t *bytes;
	size_t length;
	if (!profile_tag(profile, PROFILE_SIGNATURE('c', 'i', 'c', 'p'), &bytes, &length) ||
		number(bytes) != PROFILE_SIGNATURE('c', 'i', 'c', 'p'))
		return false;
	*cicp = (struct decoder_cicp){bytes[8], bytes[9], bytes[10], bytes[11] != 0};
	return true;
}

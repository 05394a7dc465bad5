/* SPDX-License-Identifier: MIT */
/*
 * Debian's libpng undoes filters byte by byte; on a photograph that takes as long as ISA-L's
 * inflate. Here it is pixel by pixel, the samples of one beside each other in a vector.
 */
#include "picture/png_filter.h"

#include <stdlib.h>
#include <string.h>

static inline uint8_t paeth(uint8_t left, uint8_t up, uint8_t corner)
{
	int from_left = abs(up - corner), from_up = abs(left - corner);
	int from_corner = abs(left + up - 2 * corner);
	if (from_left <= from_up && from_left <= from_corner)
		return left;
	return from_up <= from_corner ? up : corner;
}

/* Any number of bytes for a pixel. */
static void undo_plain(
	unsigned kind, uint8_t *row, const uint8_t *above, size_t length, unsigned pixel)
{
	for (size_t at = 0; at < length; at++) {
		uint8_t left = at < pixel ? 0 : row[at - pixel];
		uint8_t corner = at < pixel ? 0 : above[at - pixel];
		uint8_t guess = kind == PNG_FILTERED_SUB       ? left
				: kind == PNG_FILTERED_AVERAGE ? (uint8_t)((left + above[at]) / 2)
							       : paeth(left, above[at], corner);
		row[at] = (uint8_t)(row[at] + guess);
	}
}

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i load(const uint8_t *bytes)
{
	int32_t four;
	memcpy(&four, bytes, sizeof(four));
	return _mm_cvtsi32_si128(four);
}

static inline void store(uint8_t *bytes, __m128i samples, unsigned pixel)
{
	int32_t four = _mm_cvtsi128_si32(samples);
	memcpy(bytes, &four, pixel);
}

static inline void undo_sub(uint8_t *row, size_t length, unsigned pixel)
{
	__m128i left = _mm_setzero_si128();
	for (size_t at = 0; at < length; at += pixel) {
		left = _mm_add_epi8(left, load(row + at));
		store(row + at, left, pixel);
	}
}

static inline void undo_average(uint8_t *row, const uint8_t *above, size_t length, unsigned pixel)
{
	const __m128i one = _mm_set1_epi8(1);
	__m128i left = _mm_setzero_si128();
	for (size_t at = 0; at < length; at += pixel) {
		__m128i up = load(above + at);
		/* The instruction rounds up. */
		__m128i mean = _mm_sub_epi8(
			_mm_avg_epu8(left, up), _mm_and_si128(_mm_xor_si128(left, up), one));
		left = _mm_add_epi8(mean, load(row + at));
		store(row + at, left, pixel);
	}
}

static inline __m128i magnitude(__m128i words)
{
	return _mm_max_epi16(words, _mm_sub_epi16(_mm_setzero_si128(), words));
}

static inline __m128i choose(__m128i mask, __m128i yes, __m128i no)
{
	return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

static inline void undo_paeth(uint8_t *row, const uint8_t *above, size_t length, unsigned pixel)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i left = zero, corner = zero; /* words */
	for (size_t at = 0; at < length; at += pixel) {
		__m128i up = _mm_unpacklo_epi8(load(above + at), zero);
		__m128i from_left = _mm_sub_epi16(up, corner),
			from_up = _mm_sub_epi16(left, corner);
		__m128i from_corner = magnitude(_mm_add_epi16(from_left, from_up));
		from_left = magnitude(from_left);
		from_up = magnitude(from_up);
		__m128i least = _mm_min_epi16(from_corner, _mm_min_epi16(from_left, from_up));
		__m128i guess = choose(_mm_cmpeq_epi16(least, from_left), left,
			choose(_mm_cmpeq_epi16(least, from_up), up, corner));
		corner = up;
		__m128i sum = _mm_add_epi8(load(row + at), _mm_packus_epi16(guess, guess));
		store(row + at, sum, pixel);
		left = _mm_unpacklo_epi8(sum, zero);
	}
}

static inline void undo_pixels(
	unsigned kind, uint8_t *row, const uint8_t *above, size_t length, unsigned pixel)
{
	if (kind == PNG_FILTERED_SUB)
		undo_sub(row, length, pixel);
	else if (kind == PNG_FILTERED_AVERAGE)
		undo_average(row, above, length, pixel);
	else
		undo_paeth(row, above, length, pixel);
}

static void undo_up(uint8_t *row, const uint8_t *above, size_t length)
{
	for (size_t at = 0; at < length; at += 16) {
		__m128i *to = (__m128i *)(void *)(row + at);
		__m128i up = _mm_loadu_si128((const __m128i *)(const void *)(above + at));
		_mm_storeu_si128(to, _mm_add_epi8(_mm_loadu_si128(to), up));
	}
}
#else
static void undo_pixels(
	unsigned kind, uint8_t *row, const uint8_t *above, size_t length, unsigned pixel)
{
	undo_plain(kind, row, above, length, pixel);
}

static void undo_up(uint8_t *row, const uint8_t *above, size_t length)
{
	for (size_t at = 0; at < length; at++)
		row[at] = (uint8_t)(row[at] + above[at]);
}
#endif

void png_filter_undo(
	unsigned kind, uint8_t *row, const uint8_t *above, size_t length, unsigned pixel)
{
	if (kind == PNG_FILTERED_NONE)
		return;
	if (kind == PNG_FILTERED_UP)
		undo_up(row, above, length);
	else if (pixel == 4)
		undo_pixels(kind, row, above, length, 4);
	else if (pixel == 3)
		undo_pixels(kind, row, above, length, 3);
	else
		undo_plain(kind, row, above, length, pixel);
}

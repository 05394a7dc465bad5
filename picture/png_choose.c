/* SPDX-License-Identifier: MIT */
/*
 * The filter of a row is the one whose bytes, taken as small numbers around zero, have the least
 * sum: what the PNG specification advises (12.7). libpng does it byte by byte, filter by filter.
 */
#include "picture/png_filter.h"

#include <stdlib.h>
#include <string.h>

static inline uint8_t guess_of(unsigned kind, uint8_t left, uint8_t up, uint8_t corner)
{
	int from_left = abs(up - corner), from_up = abs(left - corner);
	int from_corner = abs(left + up - 2 * corner);
	switch (kind) {
	case PNG_FILTERED_SUB:
		return left;
	case PNG_FILTERED_UP:
		return up;
	case PNG_FILTERED_AVERAGE:
		return (uint8_t)((left + up) / 2);
	case PNG_FILTERED_PAETH:
		if (from_left <= from_up && from_left <= from_corner)
			return left;
		return from_up <= from_corner ? up : corner;
	default:
		return 0;
	}
}

/* The bytes from `at` on, by all filters. */
static void filter_rest(const uint8_t *row, const uint8_t *above, size_t at, size_t length,
	unsigned pixel, uint8_t *const *results, uint64_t *sums)
{
	for (; at < length; at++)
		for (unsigned kind = 0; kind < PNG_FILTERED_KINDS; kind++) {
			uint8_t guess =
				guess_of(kind, (row - pixel)[at], above[at], (above - pixel)[at]);
			uint8_t byte = (uint8_t)(row[at] - guess);
			results[kind][at] = byte;
			sums[kind] += byte < 128 ? byte : 256u - byte;
		}
}

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i load(const uint8_t *bytes)
{
	return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

static inline __m128i magnitude(__m128i words)
{
	return _mm_max_epi16(words, _mm_sub_epi16(_mm_setzero_si128(), words));
}

static inline __m128i choose(__m128i mask, __m128i yes, __m128i no)
{
	return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

/* Words. */
static inline __m128i paeth(__m128i left, __m128i up, __m128i corner)
{
	__m128i from_left = _mm_sub_epi16(up, corner), from_up = _mm_sub_epi16(left, corner);
	__m128i from_corner = magnitude(_mm_add_epi16(from_left, from_up));
	from_left = magnitude(from_left);
	from_up = magnitude(from_up);
	__m128i least = _mm_min_epi16(from_corner, _mm_min_epi16(from_left, from_up));
	return choose(_mm_cmpeq_epi16(least, from_left), left,
		choose(_mm_cmpeq_epi16(least, from_up), up, corner));
}

static inline __m128i keep(__m128i bytes, uint8_t *to, __m128i sum)
{
	__m128i zero = _mm_setzero_si128();
	__m128i size = _mm_min_epu8(bytes, _mm_sub_epi8(zero, bytes));
	_mm_storeu_si128((__m128i *)(void *)to, bytes);
	return _mm_add_epi64(sum, _mm_sad_epu8(size, zero));
}

/* Sixteen bytes at a time; returns how many were done. */
static size_t filter_most(const uint8_t *row, const uint8_t *above, size_t length, unsigned pixel,
	uint8_t *const *results, uint64_t *sums)
{
	const __m128i zero = _mm_setzero_si128(), one = _mm_set1_epi8(1);
	__m128i sum[PNG_FILTERED_KINDS] = {zero, zero, zero, zero, zero};
	size_t at = 0;
	for (; at + 16 <= length; at += 16) {
		__m128i here = load(row + at), left = load(row - pixel + at);
		__m128i up = load(above + at), corner = load(above - pixel + at);
		__m128i odd = _mm_and_si128(_mm_xor_si128(left, up), one);
		__m128i mean = _mm_sub_epi8(_mm_avg_epu8(left, up), odd);
		__m128i nearest = _mm_packus_epi16(
			paeth(_mm_unpacklo_epi8(left, zero), _mm_unpacklo_epi8(up, zero),
				_mm_unpacklo_epi8(corner, zero)),
			paeth(_mm_unpackhi_epi8(left, zero), _mm_unpackhi_epi8(up, zero),
				_mm_unpackhi_epi8(corner, zero)));
		const __m128i guesses[PNG_FILTERED_KINDS] = {zero, left, up, mean, nearest};
		for (unsigned kind = 0; kind < PNG_FILTERED_KINDS; kind++)
			sum[kind] = keep(
				_mm_sub_epi8(here, guesses[kind]), results[kind] + at, sum[kind]);
	}
	for (unsigned kind = 0; kind < PNG_FILTERED_KINDS; kind++) {
		uint64_t halves[2];
		memcpy(halves, &sum[kind], sizeof(halves));
		sums[kind] = halves[0] + halves[1];
	}
	return at;
}
#else
static size_t filter_most(const uint8_t *row, const uint8_t *above, size_t length, unsigned pixel,
	uint8_t *const *results, uint64_t *sums)
{
	(void)row, (void)above, (void)length, (void)pixel, (void)results, (void)sums;
	return 0;
}
#endif

unsigned png_filter_choose(const uint8_t *row, const uint8_t *above, size_t length, unsigned pixel,
	uint8_t *const *results)
{
	uint64_t sums[PNG_FILTERED_KINDS] = {0};
	size_t done = filter_most(row, above, length, pixel, results, sums);
	filter_rest(row, above, done, length, pixel, results, sums);
	unsigned best = 0;
	for (unsigned kind = 1; kind < PNG_FILTERED_KINDS; kind++)
		if (sums[kind] < sums[best])
			best = kind;
	return best;
}

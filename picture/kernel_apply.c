/* SPDX-License-Identifier: MIT */
/*
 * The inner loops of the resampler, where most of its time goes. SSE2, which each x86-64 has,
 * multiplies eight samples with their weights in one instruction and adds neighbours; compilers do
 * not find that by themselves in the pass over rows, where the neighbours are two rows.
 */
#include "picture/kernel_avx2.h"

#ifdef __SSE2__
#include <emmintrin.h>
#include <string.h>

static inline __m128i load_words(const void *from)
{
	return _mm_loadu_si128((const __m128i *)from);
}

static inline void store_words(int16_t *to, __m128i low, __m128i high)
{
	_mm_storeu_si128((__m128i *)(void *)to, _mm_packs_epi32(low, high));
}

/* Two weights, for samples that alternate between two rows. */
static inline __m128i pair(const int16_t *weights)
{
	int32_t both;
	memcpy(&both, weights, sizeof(both));
	return _mm_set1_epi32(both);
}

static inline __m128i add_products(__m128i sum, __m128i samples, __m128i factors)
{
	return _mm_add_epi32(sum, _mm_madd_epi16(samples, factors));
}

void kernel_row(const struct kernel *kernel, const int16_t *row, int16_t *out)
{
	if (KERNEL_AVX2) {
		kernel_row_avx2(kernel, row, out);
		return;
	}
	const int16_t *weights = kernel->weights;
	for (uint32_t output = 0; output < kernel->outputs; output++, weights += kernel->stride) {
		const int16_t *from = row + kernel->first[output];
		__m128i sum = _mm_setzero_si128();
		for (uint32_t tap = 0; tap < kernel->taps[output]; tap += 8)
			sum = _mm_add_epi32(sum,
				_mm_madd_epi16(load_words(from + tap), load_words(weights + tap)));
		sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
		sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
		sum = _mm_srai_epi32(
			_mm_add_epi32(sum, _mm_set1_epi32(1 << (KERNEL_BITS - 1))), KERNEL_BITS);
		out[output] = (int16_t)_mm_cvtsi128_si32(_mm_packs_epi32(sum, sum));
	}
}

void kernel_bytes(const uint8_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count)
{
	if (KERNEL_AVX2) {
		kernel_bytes_avx2(rows, weights, taps, out, count);
		return;
	}
	const __m128i zero = _mm_setzero_si128();
	for (size_t at = 0; at < count; at += 16) {
		__m128i a = _mm_set1_epi32(1 << (KERNEL_BITS - 7)), b = a, c = a, d = a;
		for (uint32_t tap = 0; tap < taps; tap += 2) {
			__m128i first = load_words(rows[tap] + at);
			__m128i second = load_words(rows[tap + 1] + at);
			__m128i left = _mm_unpacklo_epi8(first, second);
			__m128i right = _mm_unpackhi_epi8(first, second);
			__m128i factors = pair(weights + tap);
			a = add_products(a, _mm_unpacklo_epi8(left, zero), factors);
			b = add_products(b, _mm_unpackhi_epi8(left, zero), factors);
			c = add_products(c, _mm_unpacklo_epi8(right, zero), factors);
			d = add_products(d, _mm_unpackhi_epi8(right, zero), factors);
		}
		store_words(out + at, _mm_srai_epi32(a, KERNEL_BITS - 6),
			_mm_srai_epi32(b, KERNEL_BITS - 6));
		store_words(out + at + 8, _mm_srai_epi32(c, KERNEL_BITS - 6),
			_mm_srai_epi32(d, KERNEL_BITS - 6));
	}
}

void kernel_words(const int16_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count)
{
	if (KERNEL_AVX2) {
		kernel_words_avx2(rows, weights, taps, out, count);
		return;
	}
	for (size_t at = 0; at < count; at += 8) {
		__m128i low = _mm_set1_epi32(1 << (KERNEL_BITS - 1)), high = low;
		for (uint32_t tap = 0; tap < taps; tap += 2) {
			__m128i first = load_words(rows[tap] + at);
			__m128i second = load_words(rows[tap + 1] + at);
			__m128i factors = pair(weights + tap);
			low = add_products(low, _mm_unpacklo_epi16(first, second), factors);
			high = add_products(high, _mm_unpackhi_epi16(first, second), factors);
		}
		store_words(out + at, _mm_srai_epi32(low, KERNEL_BITS),
			_mm_srai_epi32(high, KERNEL_BITS));
	}
}

#else

static inline int16_t bounded(int32_t value)
{
	return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

void kernel_row(const struct kernel *kernel, const int16_t *row, int16_t *out)
{
	const int16_t *weights = kernel->weights;
	for (uint32_t output = 0; output < kernel->outputs; output++, weights += kernel->stride) {
		const int16_t *from = row + kernel->first[output];
		int32_t sum = 1 << (KERNEL_BITS - 1);
		for (uint32_t tap = 0; tap < kernel->taps[output]; tap++)
			sum += from[tap] * weights[tap];
		out[output] = bounded(sum >> KERNEL_BITS);
	}
}

enum { BLOCK = 128 }; /* sums that stay in the first cache */

void kernel_bytes(const uint8_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count)
{
	int32_t sums[BLOCK];
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t length = count - at < BLOCK ? count - at : BLOCK;
		for (size_t x = 0; x < length; x++)
			sums[x] = 1 << (KERNEL_BITS - 7);
		for (uint32_t tap = 0; tap < taps; tap++)
			for (size_t x = 0; x < length; x++)
				sums[x] += rows[tap][at + x] * weights[tap];
		for (size_t x = 0; x < length; x++)
			out[at + x] = bounded(sums[x] >> (KERNEL_BITS - 6));
	}
}

void kernel_words(const int16_t *const *rows, const int16_t *weights, uint32_t taps, int16_t *out,
	size_t count)
{
	int32_t sums[BLOCK];
	for (size_t at = 0; at < count; at += BLOCK) {
		size_t length = count - at < BLOCK ? count - at : BLOCK;
		for (size_t x = 0; x < length; x++)
			sums[x] = 1 << (KERNEL_BITS - 1);
		for (uint32_t tap = 0; tap < taps; tap++)
			for (size_t x = 0; x < length; x++)
				sums[x] += rows[tap][at + x] * weights[tap];
		for (size_t x = 0; x < length; x++)
			out[at + x] = bounded(sums[x] >> KERNEL_BITS);
	}
}

#endif

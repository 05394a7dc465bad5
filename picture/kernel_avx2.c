/* SPDX-License-Identifier: MIT */
#include "picture/kernel_avx2.h"

#ifdef PICTURE_AVX2
#include <immintrin.h>
#include <string.h>

static inline __m128i load_half(const void *from)
{
	return _mm_loadu_si128((const __m128i *)from);
}

static inline __m256i load(const void *from)
{
	return _mm256_loadu_si256((const __m256i *)from);
}

/* Two weights, for samples that alternate between two rows. */
static inline __m256i pair(const int16_t *weights)
{
	int32_t both;
	memcpy(&both, weights, sizeof(both));
	return _mm256_set1_epi32(both);
}

static inline __m256i add_products(__m256i sum, __m256i samples, __m256i factors)
{
	return _mm256_add_epi32(sum, _mm256_madd_epi16(samples, factors));
}

/* Four sums whose sum is the output. */
static inline __m128i sums_of(const int16_t *samples, const int16_t *weights, uint32_t taps)
{
	__m256i sum = _mm256_setzero_si256();
	uint32_t tap = 0;
	for (; tap + 8 < taps; tap += 16)
		sum = add_products(sum, load(samples + tap), load(weights + tap));
	__m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
	if (tap < taps)
		half = _mm_add_epi32(
			half, _mm_madd_epi16(load_half(samples + tap), load_half(weights + tap)));
	return half;
}

/* Of each of the four. */
static inline __m128i outputs_of(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i sum = _mm_hadd_epi32(_mm_hadd_epi32(a, b), _mm_hadd_epi32(c, d));
	sum = _mm_add_epi32(sum, _mm_set1_epi32(1 << (KERNEL_BITS - 1)));
	sum = _mm_srai_epi32(sum, KERNEL_BITS);
	return _mm_packs_epi32(sum, sum);
}

void kernel_row_avx2(const struct kernel *kernel, const int16_t *row, int16_t *out)
{
	const int16_t *weights = kernel->weights;
	const uint32_t *first = kernel->first, *taps = kernel->taps;
	size_t stride = kernel->stride;
	uint32_t output = 0;
	for (; output + 4 <= kernel->outputs; output += 4, weights += 4 * stride)
		_mm_storel_epi64((__m128i *)(void *)(out + output),
			outputs_of(sums_of(row + first[output], weights, taps[output]),
				sums_of(row + first[output + 1], weights + stride,
					taps[output + 1]),
				sums_of(row + first[output + 2], weights + 2 * stride,
					taps[output + 2]),
				sums_of(row + first[output + 3], weights + 3 * stride,
					taps[output + 3])));
	for (; output < kernel->outputs; output++, weights += stride) {
		__m128i sums = sums_of(row + first[output], weights, taps[output]);
		out[output] = (int16_t)_mm_cvtsi128_si32(outputs_of(sums, sums, sums, sums));
	}
}

void kernel_bytes_avx2(const uint8_t *const *rows, const int16_t *weights, uint32_t taps,
	int16_t *out, size_t count)
{
	for (size_t at = 0; at < count; at += 16) {
		__m256i left = _mm256_set1_epi32(1 << (KERNEL_BITS - 7)), right = left;
		for (uint32_t tap = 0; tap < taps; tap += 2) {
			__m128i first = load_half(rows[tap] + at);
			__m128i second = load_half(rows[tap + 1] + at);
			__m256i factors = pair(weights + tap);
			left = add_products(left,
				_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second)), factors);
			right = add_products(right,
				_mm256_cvtepu8_epi16(_mm_unpackhi_epi8(first, second)), factors);
		}
		__m256i both = _mm256_packs_epi32(_mm256_srai_epi32(left, KERNEL_BITS - 6),
			_mm256_srai_epi32(right, KERNEL_BITS - 6));
		_mm256_storeu_si256((__m256i *)(void *)(out + at),
			_mm256_permute4x64_epi64(both, _MM_SHUFFLE(3, 1, 2, 0)));
	}
}

void kernel_words_avx2(const int16_t *const *rows, const int16_t *weights, uint32_t taps,
	int16_t *out, size_t count)
{
	for (size_t at = 0; at < count; at += 16) {
		__m256i low = _mm256_set1_epi32(1 << (KERNEL_BITS - 1)), high = low;
		for (uint32_t tap = 0; tap < taps; tap += 2) {
			__m256i first = load(rows[tap] + at), second = load(rows[tap + 1] + at);
			__m256i factors = pair(weights + tap);
			low = add_products(low, _mm256_unpacklo_epi16(first, second), factors);
			high = add_products(high, _mm256_unpackhi_epi16(first, second), factors);
		}
		_mm256_storeu_si256((__m256i *)(void *)(out + at),
			_mm256_packs_epi32(_mm256_srai_epi32(low, KERNEL_BITS),
				_mm256_srai_epi32(high, KERNEL_BITS)));
	}
}

#endif

/* SPDX-License-Identifier: MIT */
#include "picture/premultiply.h"

#include <stddef.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "picture/fault.h"

struct premultiply {
	struct stage stage;
	struct stage *target;
	uint32_t width;
	unsigned channels;
	bool alpha, wide;
	int16_t *out;
};

/* 65535 becomes STAGE_WHITE. */
static inline int16_t narrow(uint32_t sample)
{
	return (int16_t)((sample * STAGE_WHITE + 32767u) / 65535u);
}

#ifdef __SSE2__
/* Two pixels of RGBA, each sample a word. Alpha is multiplied with 255, which is one. */
static __m128i multiplied(__m128i samples)
{
	const __m128i factor = _mm_set1_epi16(16448); /* 64 * 65536 / 255 */
	const __m128i colours = _mm_set1_epi64x(0x0000ffffffffffff);
	const __m128i one = _mm_set1_epi64x(0x00ff000000000000);
	__m128i alphas = _mm_shufflehi_epi16(_mm_shufflelo_epi16(samples, 0xff), 0xff);
	alphas = _mm_or_si128(_mm_and_si128(alphas, colours), one);
	__m128i products = _mm_mullo_epi16(samples, alphas);
	__m128i carry = _mm_srli_epi16(_mm_mullo_epi16(products, factor), 15);
	return _mm_add_epi16(_mm_mulhi_epu16(products, factor), carry);
}

/* As many pixels of RGBA as go four at a time; returns how many. */
static uint32_t rgba_fours(const uint8_t *row, int16_t *out, uint32_t width)
{
	uint32_t x = 0;
	for (; x + 4 <= width; x += 4, row += 16, out += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)row);
		__m128i low = multiplied(_mm_unpacklo_epi8(bytes, _mm_setzero_si128()));
		__m128i high = multiplied(_mm_unpackhi_epi8(bytes, _mm_setzero_si128()));
		_mm_storeu_si128((__m128i *)(void *)out, low);
		_mm_storeu_si128((__m128i *)(void *)(out + 8), high);
	}
	return x;
}
#else
static uint32_t rgba_fours(const uint8_t *row, int16_t *out, uint32_t width)
{
	(void)row;
	(void)out;
	(void)width;
	return 0;
}
#endif

static void bytes_row(struct premultiply *premultiply, const uint8_t *row)
{
	unsigned channels = premultiply->channels;
	int16_t *out = premultiply->out;
	uint32_t done = channels == 4 ? rgba_fours(row, out, premultiply->width) : 0;
	row += (size_t)done * channels;
	out += (size_t)done * channels;
	for (uint32_t x = done; x < premultiply->width; x++, row += channels, out += channels) {
		uint32_t alpha = row[channels - 1];
		/* alpha / 255 * 64 by a multiplication: exact to a quarter of a step. */
		uint32_t factor = alpha * 16448u; /* 64 * 65536 / 255 */
		for (unsigned channel = 0; channel + 1 < channels; channel++)
			out[channel] = (int16_t)((row[channel] * factor + 32768u) >> 16);
		out[channels - 1] = (int16_t)(alpha * 64);
	}
}

static void words_row(struct premultiply *premultiply, const uint16_t *row)
{
	unsigned channels = premultiply->channels;
	int16_t *out = premultiply->out;
	if (!premultiply->alpha) {
		for (size_t at = 0; at < (size_t)premultiply->width * channels; at++)
			out[at] = narrow(row[at]);
		return;
	}
	for (uint32_t x = 0; x < premultiply->width; x++, row += channels, out += channels) {
		uint32_t alpha = row[channels - 1];
		for (unsigned channel = 0; channel + 1 < channels; channel++)
			out[channel] = narrow(
				(uint32_t)(((uint64_t)row[channel] * alpha + 32767u) / 65535u));
		out[channels - 1] = narrow(alpha);
	}
}

static int take_row(struct stage *stage, const void *row)
{
	struct premultiply *premultiply = (struct premultiply *)stage;
	if (premultiply->wide)
		words_row(premultiply, row);
	else
		bytes_row(premultiply, row);
	return stage_row(premultiply->target, premultiply->out);
}

int premultiply_new(uint32_t width, unsigned channels, bool alpha, bool wide, struct stage *target,
	struct premultiply **result)
{
	struct premultiply *premultiply = calloc(1, sizeof(*premultiply));
	if (!premultiply)
		return fault_memory();
	*premultiply = (struct premultiply){.stage.row = take_row,
		.target = target,
		.width = width,
		.channels = channels,
		.alpha = alpha,
		.wide = wide,
		.out = calloc((size_t)width * channels, sizeof(int16_t))};
	if (!premultiply->out) {
		premultiply_free(premultiply);
		return fault_memory();
	}
	*result = premultiply;
	return 0;
}

struct stage *premultiply_stage(struct premultiply *premultiply)
{
	return &premultiply->stage;
}

void premultiply_free(struct premultiply *premultiply)
{
	if (!premultiply)
		return;
	free(premultiply->out);
	free(premultiply);
}

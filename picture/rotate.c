/* SPDX-License-Identifier: MIT */
/*
 * It stands between the resampler and the conversion to bytes, so that a sample still has its
 * fraction, alpha is still multiplied in, and colours meet the background only at the end. A border
 * of repeated edges is kept around the picture: taps of the filter then need no test.
 */
#include "picture/rotate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "picture/fault.h"

/* TAPS / 2 samples of the filter, and one that is only reached by its anti-aliased edge. */
enum { TAPS = 4, BORDER = TAPS / 2 + 1, PHASES = 1024, WEIGHT_BITS = 14 };

struct rotate {
	struct stage stage;
	struct stage *target;
	struct rotate_shape shape;
	uint32_t row;
	size_t line;   /* samples in a kept row of one channel */
	int16_t *kept; /* rows of the first channel, of the next, …: each one with its border */
	int16_t *out;
	int16_t weights[PHASES][TAPS];
};

static double catmull_rom(double x)
{
	x = fabs(x);
	if (x >= 2)
		return 0;
	return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

static void fill_weights(struct rotate *rotate)
{
	for (unsigned phase = 0; phase < PHASES; phase++) {
		int left = 1 << WEIGHT_BITS;
		for (int tap = 0; tap < TAPS; tap++) {
			double weight = catmull_rom(tap - 1 - (double)phase / PHASES);
			rotate->weights[phase][tap] = (int16_t)lrint(weight * (1 << WEIGHT_BITS));
			left -= rotate->weights[phase][tap];
		}
		int nearest = phase < PHASES / 2 ? 1 : 2;
		rotate->weights[phase][nearest] = (int16_t)(rotate->weights[phase][nearest] + left);
	}
}

static int16_t *kept_row(const struct rotate *rotate, unsigned channel, size_t row)
{
	size_t rows = (size_t)rotate->shape.height + 2 * BORDER;
	return rotate->kept + (channel * rows + row) * rotate->line;
}

static void keep(struct rotate *rotate, const int16_t *row)
{
	uint32_t width = rotate->shape.width;
	for (unsigned channel = 0; channel < rotate->shape.channels; channel++, row += width) {
		int16_t *to = kept_row(rotate, channel, (size_t)rotate->row + BORDER);
		memcpy(to + BORDER, row, width * sizeof(*to));
		for (unsigned at = 0; at < BORDER; at++) {
			to[at] = row[0];
			to[BORDER + width + at] = row[width - 1];
		}
	}
	rotate->row++;
}

static void repeat_edges(struct rotate *rotate)
{
	size_t bytes = rotate->line * sizeof(int16_t);
	size_t last = (size_t)rotate->shape.height + BORDER - 1;
	for (unsigned channel = 0; channel < rotate->shape.channels; channel++)
		for (unsigned at = 0; at < BORDER; at++) {
			memcpy(kept_row(rotate, channel, at), kept_row(rotate, channel, BORDER),
				bytes);
			memcpy(kept_row(rotate, channel, last + 1 + at),
				kept_row(rotate, channel, last), bytes);
		}
}

/* How much of a pixel at `place` lies between 0 and `length`. */
static double covered(double place, double length)
{
	double low = place + 0.5, high = length - place + 0.5;
	double least = low < high ? low : high;
	return least <= 0 ? 0 : least >= 1 ? 1 : least;
}

static inline int16_t bounded(int32_t value)
{
	return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* Four by four samples with their weights: first across, then down. */
#ifdef __SSE2__
static inline __m128i load_four(const int16_t *from)
{
	return _mm_loadl_epi64((const __m128i *)(const void *)from);
}

static int16_t sample(const int16_t *from, size_t line, const int16_t *across, const int16_t *down)
{
	const __m128i half = _mm_set1_epi32(1 << (WEIGHT_BITS - 1));
	__m128i weights = _mm_unpacklo_epi64(load_four(across), load_four(across));
	__m128 upper = _mm_castsi128_ps(_mm_madd_epi16(
		_mm_unpacklo_epi64(load_four(from), load_four(from + line)), weights));
	__m128 lower = _mm_castsi128_ps(_mm_madd_epi16(
		_mm_unpacklo_epi64(load_four(from + 2 * line), load_four(from + 3 * line)),
		weights));
	/* Each row has two sums; one of each row, and the others. */
	__m128i ones = _mm_castps_si128(_mm_shuffle_ps(upper, lower, _MM_SHUFFLE(2, 0, 2, 0)));
	__m128i others = _mm_castps_si128(_mm_shuffle_ps(upper, lower, _MM_SHUFFLE(3, 1, 3, 1)));
	__m128i rows = _mm_add_epi32(_mm_add_epi32(ones, others), half);
	rows = _mm_srai_epi32(rows, WEIGHT_BITS);
	__m128i sums = _mm_madd_epi16(_mm_packs_epi32(rows, rows), load_four(down));
	sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)));
	return bounded(_mm_cvtsi128_si32(_mm_add_epi32(sums, half)) >> WEIGHT_BITS);
}
#else
static int16_t sample(const int16_t *from, size_t line, const int16_t *across, const int16_t *down)
{
	int32_t sum = 1 << (WEIGHT_BITS - 1);
	for (unsigned row = 0; row < TAPS; row++, from += line) {
		int32_t part = 1 << (WEIGHT_BITS - 1);
		for (unsigned tap = 0; tap < TAPS; tap++)
			part += from[tap] * across[tap];
		sum += bounded(part >> WEIGHT_BITS) * down[row];
	}
	return bounded(sum >> WEIGHT_BITS);
}
#endif

/* One pixel of the result, whose samples are `apart` from each other in `out`. */
static void fill_pixel(const struct rotate *rotate, double x, double y, int16_t *out, size_t apart)
{
	const struct rotate_shape *shape = &rotate->shape;
	unsigned channels = shape->channels + !shape->alpha;
	double coverage = covered(x, shape->width) * covered(y, shape->height);
	if (coverage <= 0) {
		for (unsigned channel = 0; channel < channels; channel++)
			out[channel * apart] = 0;
		return;
	}
	/* From the centre of the sample before, counted with the border; never negative then. */
	double left = x - 0.5 + BORDER, top = y - 0.5 + BORDER;
	size_t column = (size_t)left, row = (size_t)top;
	const int16_t *across = rotate->weights[(size_t)((left - (double)column) * PHASES)];
	const int16_t *down = rotate->weights[(size_t)((top - (double)row) * PHASES)];
	int32_t part = (int32_t)lrint(coverage * STAGE_WHITE);
	for (unsigned channel = 0; channel < shape->channels; channel++) {
		int32_t value = sample(kept_row(rotate, channel, row - 1) + column - 1,
			rotate->line, across, down);
		out[channel * apart] =
			(int16_t)(part == STAGE_WHITE ? value : value * part / STAGE_WHITE);
	}
	if (!shape->alpha)
		out[shape->channels * apart] = (int16_t)part;
}

static int give_all(struct rotate *rotate)
{
	const struct rotate_shape *shape = &rotate->shape;
	const struct geometry_affine *affine = &shape->affine;
	unsigned channels = shape->channels + !shape->alpha;
	size_t step = shape->beside ? channels : 1, apart = shape->beside ? 1 : shape->out_width;
	for (uint32_t row = 0; row < shape->out_height; row++) {
		double x = affine->x + row * affine->down_x;
		double y = affine->y + row * affine->down_y;
		for (uint32_t column = 0; column < shape->out_width; column++)
			fill_pixel(rotate, x + column * affine->across_x,
				y + column * affine->across_y, rotate->out + column * step, apart);
		int status = stage_row(rotate->target, rotate->out);
		if (status)
			return status;
	}
	return 0;
}

static int take_row(struct stage *stage, const void *row)
{
	struct rotate *rotate = (struct rotate *)stage;
	if (rotate->row >= rotate->shape.height)
		return 0;
	keep(rotate, row);
	if (rotate->row < rotate->shape.height)
		return 0;
	repeat_edges(rotate);
	return give_all(rotate);
}

int rotate_new(const struct rotate_shape *shape, struct stage *target, struct rotate **result)
{
	struct rotate *rotate = calloc(1, sizeof(*rotate));
	if (!rotate)
		return fault_memory();
	rotate->stage.row = take_row;
	rotate->target = target;
	rotate->shape = *shape;
	rotate->line = (size_t)shape->width + 2 * BORDER;
	size_t rows = ((size_t)shape->height + 2 * BORDER) * shape->channels;
	rotate->kept = calloc(rows, rotate->line * sizeof(int16_t));
	rotate->out = calloc(shape->out_width, (shape->channels + 1) * sizeof(int16_t));
	if (!rotate->kept || !rotate->out) {
		rotate_free(rotate);
		return fault_memory();
	}
	fill_weights(rotate);
	*result = rotate;
	return 0;
}

struct stage *rotate_stage(struct rotate *rotate)
{
	return &rotate->stage;
}

void rotate_free(struct rotate *rotate)
{
	if (!rotate)
		return;
	free(rotate->kept);
	free(rotate->out);
	free(rotate);
}

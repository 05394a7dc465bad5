/* SPDX-License-Identifier: MIT */
/*
 * Colours are converted here and not before the resampler: there are fewer pixels, and they have
 * more than eight bits. Each step goes over a whole row of one channel, in samples up to
 * STAGE_WHITE, so that the compiler uses vector instructions; they become bytes at the very end.
 */
#include "picture/finish.h"

#include <stdlib.h>
#include <string.h>

#include "picture/colour.h"
#include "picture/fault.h"

/* -O2 vectorizes next to nothing. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTORS __attribute__((optimize("O3")))
#else
#define VECTORS
#endif

enum { COLOURS_MAX = 4 };

struct finish {
	struct stage stage;
	struct stage *target;
	struct finish_shape shape;
	uint8_t *out;
	int16_t *work[COLOURS_MAX]; /* a row of each colour; in one piece of memory */
	float *factors;		    /* what alpha is divided out with */
};

/* Within black and white: the filter overshoots. */
VECTORS
static void bound(const int16_t *from, int16_t *to, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++) {
		int16_t sample = from[x] < 0 ? 0 : from[x];
		to[x] = sample > STAGE_WHITE ? STAGE_WHITE : sample;
	}
}

VECTORS
static void factors_of(const int16_t *alphas, float *factors, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++)
		factors[x] = (float)STAGE_WHITE / (float)(alphas[x] > 0 ? alphas[x] : 1);
}

/* A colour that was multiplied with alpha, without it; black where nothing is visible. */
VECTORS
static void divide(const int16_t *from, const float *factors, int16_t *to, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++) {
		float sample = (float)from[x] * factors[x];
		sample = sample < 0 ? 0 : sample;
		sample = sample > STAGE_WHITE ? STAGE_WHITE : sample;
		to[x] = (int16_t)(sample + 0.5F);
	}
}

static inline int32_t within(int32_t sample)
{
	return sample < 0 ? 0 : sample > STAGE_WHITE ? STAGE_WHITE : sample;
}

/* A colour over the background. */
VECTORS
static void lay_over(int16_t *colours, int32_t background, const int16_t *alphas, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++) {
		int32_t alpha = within(alphas[x]);
		int32_t both = colours[x] * alpha + background * (STAGE_WHITE - alpha);
		colours[x] = (int16_t)((both + STAGE_WHITE / 2) / STAGE_WHITE);
	}
}

/* The same for one that is still multiplied with alpha. */
VECTORS
static void lay_multiplied_over(
	const int16_t *from, int32_t background, const int16_t *alphas, int16_t *to, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++) {
		int32_t rest = background * (STAGE_WHITE - within(alphas[x]));
		to[x] = (int16_t)within(from[x] + (rest + STAGE_WHITE / 2) / STAGE_WHITE);
	}
}

/* The luma of sRGB, as JPEG has it in Y (BT.601), instead of red. */
VECTORS
static void lighten(int16_t *red, const int16_t *green, const int16_t *blue, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++)
		red[x] = (int16_t)((red[x] * 9798 + green[x] * 19235 + blue[x] * 3735 + 16384) >>
				   15);
}

VECTORS
static void threshold(int16_t *samples, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++)
		samples[x] = samples[x] >= STAGE_WHITE / 2 ? STAGE_WHITE : 0;
}

static inline uint8_t to_byte(int32_t sample)
{
	sample = (sample + 32) >> 6;
	return (uint8_t)(sample < 0 ? 0 : sample > 255 ? 255 : sample);
}

/* A channel of the result: every `step`th byte. */
VECTORS
static void put(const int16_t *from, uint8_t *to, unsigned step, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++)
		to[(size_t)x * step] = to_byte(from[x]);
}

static int32_t background_of(const struct finish_shape *shape, unsigned colours, unsigned colour)
{
	const uint8_t *rgb = shape->background;
	return colours == 1 ? (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 512) >> 10
			    : rgb[colour] * 64;
}

/* Fills the rows of work with colours in which alpha no longer is; returns how many. */
static unsigned take_colours(struct finish *finish, const int16_t *row, bool lay)
{
	const struct finish_shape *shape = &finish->shape;
	uint32_t width = shape->width;
	unsigned colours = shape->channels - (shape->alpha ? 1 : 0);
	const int16_t *alphas = row + (size_t)colours * width;
	if (shape->alpha && !lay)
		factors_of(alphas, finish->factors, width);
	for (unsigned colour = 0; colour < colours; colour++) {
		const int16_t *from = row + (size_t)colour * width;
		int16_t *to = finish->work[colour];
		if (lay)
			lay_multiplied_over(
				from, background_of(shape, colours, colour), alphas, to, width);
		else if (shape->alpha)
			divide(from, finish->factors, to, width);
		else
			bound(from, to, width);
	}
	return colours;
}

static void full_row(struct finish *finish, const int16_t *row)
{
	const struct finish_shape *shape = &finish->shape;
	uint32_t width = shape->width;
	const int16_t *alphas = row + (size_t)(shape->channels - 1) * width;
	unsigned wanted = shape->out_channels <= 2 ? 1 : 3;
	/* The background is sRGB: where colours are converted, it comes after that. */
	bool lay_later = shape->flatten && (shape->colour || shape->channels <= wanted);
	unsigned colours = take_colours(finish, row, shape->flatten && !lay_later);
	if (shape->colour) {
		colour_row(shape->colour, finish->work, width);
		colours = colour_channels(shape->colour);
	}
	if (colours == 3 && wanted == 1)
		lighten(finish->work[0], finish->work[1], finish->work[2], width);
	for (unsigned colour = colours; colour < wanted; colour++)
		memcpy(finish->work[colour], finish->work[0], width * sizeof(int16_t));
	for (unsigned colour = 0; colour < wanted; colour++) {
		int16_t *samples = finish->work[colour];
		if (lay_later)
			lay_over(samples, background_of(shape, wanted, colour), alphas, width);
		if (shape->bitonal)
			threshold(samples, width);
		put(samples, finish->out + colour, shape->out_channels, width);
	}
	if (shape->out_channels % 2 == 0)
		put(alphas, finish->out + wanted, shape->out_channels, width);
}

/* Only to be rounded. */
static void plain_row(struct finish *finish, const int16_t *row)
{
	uint32_t width = finish->shape.width;
	unsigned channels = finish->shape.channels;
	for (unsigned channel = 0; channel < channels; channel++)
		put(row + (size_t)channel * width, finish->out + channel, channels, width);
}

static bool is_plain(const struct finish_shape *shape)
{
	return !shape->colour && !shape->alpha && !shape->bitonal &&
	       shape->channels == shape->out_channels;
}

static int take_row(struct stage *stage, const void *row)
{
	struct finish *finish = (struct finish *)stage;
	if (is_plain(&finish->shape))
		plain_row(finish, row);
	else
		full_row(finish, row);
	return stage_row(finish->target, finish->out);
}

int finish_new(const struct finish_shape *shape, struct stage *target, struct finish **result)
{
	struct finish *finish = calloc(1, sizeof(*finish));
	if (!finish)
		return fault_memory();
	*finish = (struct finish){.stage.row = take_row, .target = target, .shape = *shape};
	size_t width = shape->width;
	bool good = (finish->out = malloc(width * shape->out_channels));
	if (!is_plain(shape)) {
		int16_t *work = calloc(width * COLOURS_MAX, sizeof(*work));
		good = good && work;
		for (size_t colour = 0; colour < COLOURS_MAX; colour++)
			finish->work[colour] = work ? work + width * colour : NULL;
		good = good && (finish->factors = calloc(width, sizeof(*finish->factors)));
	}
	if (!good) {
		finish_free(finish);
		return fault_memory();
	}
	*result = finish;
	return 0;
}

struct stage *finish_stage(struct finish *finish)
{
	return &finish->stage;
}

void finish_free(struct finish *finish)
{
	if (!finish)
		return;
	free(finish->out);
	free(finish->work[0]);
	free(finish->factors);
	free(finish);
}

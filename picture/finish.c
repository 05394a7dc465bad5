/* SPDX-License-Identifier: MIT */
/*
 * Colours are converted here and not before the resampler: there are fewer pixels, and they have
 * more than eight bits.
 */
#include "picture/finish.h"

#include <stdlib.h>
#include <string.h>

#include "picture/colour.h"
#include "picture/fault.h"

struct finish {
	struct stage stage;
	struct stage *target;
	struct finish_shape shape;
	uint8_t *out;
	uint16_t *before, *after; /* for the conversion of colours */
};

static inline int32_t bounded(int32_t value, int32_t most)
{
	return value < 0 ? 0 : value > most ? most : value;
}

static inline uint8_t to_byte(int32_t sample)
{
	return (uint8_t)bounded((sample + 32) >> 6, 255);
}

/* A colour that was multiplied with alpha, without it. */
static inline int32_t without(int32_t sample, int32_t alpha)
{
	return alpha <= 0 ? 0 : (int32_t)(((int64_t)sample * STAGE_WHITE + alpha / 2) / alpha);
}

static inline uint8_t over(uint8_t colour, uint8_t background, int32_t alpha)
{
	int32_t both = colour * alpha + background * (STAGE_WHITE - alpha);
	return (uint8_t)((both + STAGE_WHITE / 2) / STAGE_WHITE);
}

/* The colours of one row, converted; there are three then. */
static void convert(struct finish *finish, const int16_t *const *planes, unsigned colours)
{
	uint32_t width = finish->shape.width;
	const int16_t *alphas = finish->shape.alpha ? planes[colours] : NULL;
	uint16_t *to = finish->before;
	for (uint32_t x = 0; x < width; x++)
		for (unsigned colour = 0; colour < colours; colour++) {
			int32_t sample = planes[colour][x];
			if (alphas)
				sample = without(sample, alphas[x]);
			sample = bounded(sample, STAGE_WHITE);
			*to++ = (uint16_t)(((uint32_t)sample * 65535u + STAGE_WHITE / 2) /
					   STAGE_WHITE);
		}
	colour_row(finish->shape.colour, finish->before, finish->after, width);
}

/* A pixel's colours as bytes; returns how many. */
static unsigned colours_at(const struct finish *finish, const int16_t *const *planes, uint32_t x,
	unsigned colours, uint8_t *bytes)
{
	if (finish->shape.colour) {
		for (unsigned colour = 0; colour < 3; colour++)
			bytes[colour] =
				(uint8_t)((finish->after[x * 3 + colour] * 255u + 32767u) / 65535u);
		return 3;
	}
	for (unsigned colour = 0; colour < colours; colour++) {
		int32_t sample = planes[colour][x];
		if (finish->shape.alpha)
			sample = without(sample, planes[colours][x]);
		bytes[colour] = to_byte(sample);
	}
	return colours;
}

static uint8_t lightness(const uint8_t *rgb)
{
	return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 32768u) >> 16);
}

/* Whether a row is already what is wanted, but for its fractions. */
static bool is_plain(const struct finish_shape *shape)
{
	return !shape->colour && !shape->alpha && !shape->bitonal &&
	       shape->channels == shape->out_channels;
}

static void plain_row(struct finish *finish, const int16_t *row)
{
	uint32_t width = finish->shape.width;
	unsigned channels = finish->shape.channels;
	for (unsigned channel = 0; channel < channels; channel++) {
		const int16_t *from = row + (size_t)channel * width;
		uint8_t *to = finish->out + channel;
		for (uint32_t x = 0; x < width; x++)
			to[x * channels] = to_byte(from[x]);
	}
}

static void full_row(struct finish *finish, const int16_t *row)
{
	const struct finish_shape *shape = &finish->shape;
	const int16_t *planes[5];
	for (unsigned channel = 0; channel < shape->channels; channel++)
		planes[channel] = row + (size_t)channel * shape->width;
	unsigned colours = shape->channels - (shape->alpha ? 1 : 0);
	if (shape->colour)
		convert(finish, planes, colours);
	bool gray = shape->out_channels <= 2;
	unsigned wanted = gray ? 1 : 3;
	uint8_t *to = finish->out;
	for (uint32_t x = 0; x < shape->width; x++) {
		uint8_t bytes[4] = {0};
		unsigned have = colours_at(finish, planes, x, colours, bytes);
		int32_t alpha =
			shape->alpha ? bounded(planes[colours][x], STAGE_WHITE) : STAGE_WHITE;
		if (gray && have == 3)
			bytes[0] = lightness(bytes);
		else if (!gray && have == 1)
			bytes[1] = bytes[2] = bytes[0];
		for (unsigned colour = 0; colour < wanted; colour++) {
			uint8_t background =
				gray ? lightness(shape->background) : shape->background[colour];
			if (shape->flatten)
				bytes[colour] = over(bytes[colour], background, alpha);
			*to++ = shape->bitonal ? (bytes[colour] >= 128 ? 255 : 0) : bytes[colour];
		}
		if (shape->out_channels % 2 == 0)
			*to++ = to_byte(alpha);
	}
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
	finish->out = malloc((size_t)shape->width * shape->out_channels);
	if (shape->colour) {
		finish->before = calloc((size_t)shape->width * 4, sizeof(uint16_t));
		finish->after = calloc((size_t)shape->width * 3, sizeof(uint16_t));
	}
	if (!finish->out || (shape->colour && (!finish->before || !finish->after))) {
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
	free(finish->before);
	free(finish->after);
	free(finish);
}

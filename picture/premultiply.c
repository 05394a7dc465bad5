/* SPDX-License-Identifier: MIT */
#include "picture/premultiply.h"

#include <stddef.h>
#include <stdlib.h>

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

static void bytes_row(struct premultiply *premultiply, const uint8_t *row)
{
	unsigned channels = premultiply->channels;
	int16_t *out = premultiply->out;
	for (uint32_t x = 0; x < premultiply->width; x++, row += channels, out += channels) {
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

/* SPDX-License-Identifier: MIT */
/*
 * Samples of less than 8 bits become bytes first, so that there are two kinds: bytes, which go
 * through a table, and words, which libtiff has in the order of this machine.
 */
#include "picture/tiff_samples.h"

#include <stdlib.h>

#include "picture/fault.h"

unsigned tiff_samples_planes(const struct tiff_page *page)
{
	return page->separate ? page->colours + (page->alpha != 0) : 1;
}

uint16_t tiff_samples_source(const struct tiff_page *page, unsigned channel)
{
	return (uint16_t)(channel < page->colours ? channel : page->alpha);
}

/* A palette has words; some programs write bytes into them. */
static void fill_palette(struct tiff_samples *samples)
{
	const struct tiff_page *page = samples->page;
	unsigned shift = 0;
	for (unsigned at = 0; at < 1u << page->bits; at++)
		for (unsigned colour = 0; colour < 3; colour++)
			if (page->palette[colour][at] > 255)
				shift = 8;
	for (unsigned at = 0; at < 1u << page->bits; at++)
		for (unsigned colour = 0; colour < 3; colour++)
			samples->palette[at][colour] =
				(uint8_t)(page->palette[colour][at] >> shift);
}

int tiff_samples_init(struct tiff_samples *samples, const struct tiff_page *page, uint32_t width)
{
	*samples = (struct tiff_samples){.page = page, .channels = tiff_page_channels(page)};
	unsigned top = page->bits < 8 ? (1u << page->bits) - 1 : 255;
	for (unsigned value = 0; value <= top; value++)
		samples->table[value] = (uint8_t)(value * 255 / top);
	if (page->palette[0])
		fill_palette(samples);
	if (page->bits >= 8)
		return 0;
	samples->scratch = malloc((size_t)width * (page->separate ? 1 : page->samples));
	return samples->scratch ? 0 : fault_memory();
}

void tiff_samples_deinit(struct tiff_samples *samples)
{
	free(samples->scratch);
	samples->scratch = NULL;
}

static void expand(const uint8_t *packed, unsigned bits, size_t count, uint8_t *out)
{
	unsigned mask = (1u << bits) - 1, shift = 8;
	for (size_t at = 0; at < count; at++) {
		shift -= bits;
		out[at] = (uint8_t)(*packed >> shift & mask);
		if (shift)
			continue;
		packed++;
		shift = 8;
	}
}

/* One channel of bytes, every `step`th of which is meant. */
static void convert_bytes(const struct tiff_samples *samples, const uint8_t *in, size_t step,
	size_t count, unsigned channel, uint8_t *out)
{
	const struct tiff_page *page = samples->page;
	bool colour = channel < page->colours;
	uint8_t flip = page->inverted && colour ? 255 : 0;
	if (page->palette[0] && colour) {
		for (size_t at = 0; at < count; at++, in += step, out += samples->channels)
			for (unsigned part = 0; part < 3; part++)
				out[part] = samples->palette[*in][part];
		return;
	}
	out += page->palette[0] ? 3 : channel;
	for (size_t at = 0; at < count; at++, in += step, out += samples->channels)
		*out = samples->table[*in] ^ flip;
}

static void convert_words(const struct tiff_samples *samples, const uint16_t *in, size_t step,
	size_t count, unsigned channel, uint16_t *out)
{
	uint16_t flip =
		samples->page->inverted && channel < samples->page->colours ? UINT16_MAX : 0;
	out += channel;
	for (size_t at = 0; at < count; at++, in += step, out += samples->channels)
		*out = *in ^ flip;
}

/* The stages behind want colours without alpha in them. */
static void divide_bytes(uint8_t *row, size_t count, unsigned channels)
{
	for (size_t at = 0; at < count; at++, row += channels) {
		unsigned alpha = row[channels - 1];
		for (unsigned channel = 0; channel + 1 < channels && alpha < 255; channel++) {
			unsigned value = alpha ? (row[channel] * 255u + alpha / 2) / alpha : 0;
			row[channel] = (uint8_t)(value > 255 ? 255 : value);
		}
	}
}

static void divide_words(uint16_t *row, size_t count, unsigned channels)
{
	for (size_t at = 0; at < count; at++, row += channels) {
		uint32_t alpha = row[channels - 1];
		for (unsigned channel = 0; channel + 1 < channels && alpha < UINT16_MAX;
			channel++) {
			uint32_t value = alpha ? (row[channel] * 65535u + alpha / 2) / alpha : 0;
			row[channel] = (uint16_t)(value > UINT16_MAX ? UINT16_MAX : value);
		}
	}
}

void tiff_samples_convert(
	const struct tiff_samples *samples, const uint8_t *const *planes, size_t count, void *out)
{
	const struct tiff_page *page = samples->page;
	unsigned channels = page->colours + (page->alpha != 0);
	size_t step = page->separate ? 1 : page->samples;
	for (unsigned channel = 0; channel < channels; channel++) {
		const uint8_t *in = planes[page->separate ? channel : 0];
		size_t first = page->separate ? 0 : tiff_samples_source(page, channel);
		if (page->bits < 8) {
			if (page->separate || channel == 0)
				expand(in, page->bits, count * step, samples->scratch);
			in = samples->scratch;
		}
		if (page->bits == 16)
			convert_words(samples, (const uint16_t *)(const void *)in + first, step,
				count, channel, out);
		else
			convert_bytes(samples, in + first, step, count, channel, out);
	}
	if (page->associated && page->bits == 16)
		divide_words(out, count, samples->channels);
	else if (page->associated)
		divide_bytes(out, count, samples->channels);
}

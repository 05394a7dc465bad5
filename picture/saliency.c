/* SPDX-License-Identifier: MIT */
/*
 * The usual signs, each of which is cheap: what differs from its surroundings, edges, strong
 * colours, the colour of skin, and colours that the picture has little of. None of them is always
 * right; their sum mostly is. Edges alone would find gravel and leaves.
 */
#include "picture/saliency.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "picture/fault.h"

/* In pixels of the small picture: a thing, and what is around it. */
enum { NEAR = 1, AROUND = 10 };

struct pixel {
	float luma, blue, red; /* 0 to 1, and twice -0.5 to 0.5 */
};

static void fill(struct pixel *all, const uint32_t *argb, size_t count, struct pixel *mean)
{
	double sums[3] = {0};
	for (size_t at = 0; at < count; at++) {
		float red = (float)(argb[at] >> 16 & 255) / 255;
		float green = (float)(argb[at] >> 8 & 255) / 255;
		float blue = (float)(argb[at] & 255) / 255;
		float luma = 0.299f * red + 0.587f * green + 0.114f * blue;
		all[at] = (struct pixel){luma, 0.564f * (blue - luma), 0.713f * (red - luma)};
		sums[0] += all[at].luma;
		sums[1] += all[at].blue;
		sums[2] += all[at].red;
	}
	*mean = (struct pixel){(float)(sums[0] / (double)count), (float)(sums[1] / (double)count),
		(float)(sums[2] / (double)count)};
}

/* The mean of up to 2 * radius + 1 pixels of a line, whose pixels are `step` apart. */
static void blur_line(
	const struct pixel *from, struct pixel *to, int length, size_t step, int radius)
{
	for (int at = 0; at < length; at++) {
		int low = at < radius ? 0 : at - radius;
		int high = at + radius < length ? at + radius : length - 1;
		struct pixel sum = {0, 0, 0};
		for (int place = low; place <= high; place++) {
			const struct pixel *pixel = &from[(size_t)place * step];
			sum.luma += pixel->luma;
			sum.blue += pixel->blue;
			sum.red += pixel->red;
		}
		float count = (float)(high - low + 1);
		to[(size_t)at * step] =
			(struct pixel){sum.luma / count, sum.blue / count, sum.red / count};
	}
}

static void blur(const struct pixel *from, struct pixel *half, struct pixel *to, uint32_t width,
	uint32_t height, int radius)
{
	for (uint32_t y = 0; y < height; y++)
		blur_line(
			from + (size_t)y * width, half + (size_t)y * width, (int)width, 1, radius);
	for (uint32_t x = 0; x < width; x++)
		blur_line(half + x, to + x, (int)height, width, radius);
}

static float distance(struct pixel one, struct pixel other)
{
	float luma = one.luma - other.luma, blue = one.blue - other.blue, red = one.red - other.red;
	return sqrtf(luma * luma + 2 * (blue * blue + red * red));
}

/* Skin of all people has about one hue; what differs is how dark it is. */
static float skin(struct pixel pixel)
{
	if (pixel.luma < 0.15f || pixel.luma > 0.95f)
		return 0;
	float blue = (pixel.blue + 0.1f) / 0.09f, red = (pixel.red - 0.1f) / 0.07f;
	float far = blue * blue + red * red;
	return far < 1 ? 1 - far : 0;
}

static float saturation(struct pixel pixel)
{
	return sqrtf(pixel.blue * pixel.blue + pixel.red * pixel.red);
}

int saliency_score(const uint32_t *argb, uint32_t width, uint32_t height, float *scores)
{
	size_t count = (size_t)width * height;
	struct pixel *all = calloc(count * 4, sizeof(*all)), mean;
	if (!all)
		return fault_memory();
	struct pixel *half = all + count, *near = half + count, *around = near + count;
	fill(all, argb, count, &mean);
	blur(all, half, near, width, height, NEAR);
	blur(all, half, around, width, height, AROUND);
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++) {
			size_t at = (size_t)y * width + x;
			struct pixel here = all[at];
			float edge = x + 1 < width ? distance(here, all[at + 1]) : 0;
			edge += y + 1 < height ? distance(here, all[at + width]) : 0;
			float apart = distance(near[at], around[at]), rare = distance(here, mean);
			scores[at] = 0.5f * edge + 6 * apart * apart + 0.7f * saturation(here) +
				     0.6f * skin(here) + rare * rare;
		}
	free(all);
	return 0;
}

/* What lies in the middle of the window counts most. */
static double score_at(const double *bins, double start, double part)
{
	double sum = 0;
	for (int bin = 0; bin < SALIENCY_BINS; bin++) {
		double place = ((bin + 0.5) / SALIENCY_BINS - start) / part * 2 - 1;
		if (place > -1 && place < 1)
			sum += bins[bin] * (1 - 0.5 * place * place);
	}
	return sum;
}

double saliency_window(const double bins[SALIENCY_BINS], double part)
{
	enum { STEPS = 128 };
	double best = 0.5, most = -1;
	if (part >= 1)
		return best;
	for (int step = 0; step <= STEPS; step++) {
		double place = (double)step / STEPS;
		/* A little for the middle, where photographers put what they mean. */
		double score =
			score_at(bins, place * (1 - part), part) * (1 - 0.1 * fabs(place - 0.5));
		if (score > most) {
			most = score;
			best = place;
		}
	}
	return best;
}

/* SPDX-License-Identifier: MIT */
/*
 * zimg, libswscale and pixman were measured first. zimg computes a plane in 0.2 ms and needs 0.8 ms
 * to prepare for it; a process that makes one picture pays both each time. The tables here take a
 * few microseconds, and the loops are written so that the compiler uses vector instructions.
 */
#include "picture/kernel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"

enum { LOBES = 3, MANY = 64, PERIOD_MAX = 64 };

/* Taylor's series, to 1e-11. What sin(3) needs lies on five pages, which each process would have to
 * map for a hundred calls. */
static double sine(double angle)
{
	double half_turns = rint(angle / M_PI), x = angle - half_turns * M_PI, y = -x * x;
	double value = 1 + y / (14 * 15);
	for (int at = 12; at > 0; at -= 2)
		value = 1 + y / (at * (at + 1)) * value;
	return (long)half_turns % 2 ? -x * value : x * value;
}

static double cosine(double angle)
{
	return sine(angle + M_PI / 2);
}

/* The sine of an angle that grows by equal steps. */
struct sines {
	double sine, cosine, step_sine, step_cosine;
};

static void sines_begin(struct sines *sines, double angle)
{
	sines->sine = sine(angle);
	sines->cosine = cosine(angle);
}

static double sines_next(struct sines *sines)
{
	double sine = sines->sine;
	sines->sine = sine * sines->step_cosine + sines->cosine * sines->step_sine;
	sines->cosine = sines->cosine * sines->step_cosine - sine * sines->step_sine;
	return sine;
}

/* The filter at equally spaced places: of sin(pi x) and of sin(pi x / LOBES). */
struct lanczos {
	struct sines fine, coarse;
};

static void lanczos_init(struct lanczos *lanczos, double step)
{
	double angle = M_PI * step;
	lanczos->fine = (struct sines){.step_sine = sine(angle), .step_cosine = cosine(angle)};
	lanczos->coarse = (struct sines){
		.step_sine = sine(angle / LOBES), .step_cosine = cosine(angle / LOBES)};
}

static double lanczos_next(struct lanczos *lanczos, double x)
{
	double fine = sines_next(&lanczos->fine), coarse = sines_next(&lanczos->coarse);
	if (fabs(x) < 1e-7)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	return LOBES * fine * coarse / (M_PI * M_PI * x * x);
}

/* The weights around a centre; those of samples beyond an edge go to the edge. Returns how many
 * there are. */
static uint32_t weigh(struct lanczos *lanczos, double centre, double scale, uint32_t inputs,
	double *real, uint32_t room, uint32_t *first)
{
	double reach = LOBES * scale, step = 1 / scale;
	long low = (long)floor(centre - reach + 0.5), high = (long)floor(centre + reach - 0.5);
	long last = (long)inputs - 1;
	long begin = low < 0 ? 0 : low > last ? last : low;
	long end = high > last ? last : high < begin ? begin : high;
	uint32_t taps = (uint32_t)(end - begin + 1);
	if (taps > room)
		taps = room;
	memset(real, 0, taps * sizeof(*real));
	double sum = 0, x = ((double)low + 0.5 - centre) * step;
	sines_begin(&lanczos->fine, M_PI * x);
	sines_begin(&lanczos->coarse, M_PI * x / LOBES);
	for (long at = low; at <= high; at++, x += step) {
		double weight = lanczos_next(lanczos, x);
		long to = at < begin ? 0 : at - begin;
		real[to < (long)taps ? to : (long)taps - 1] += weight;
		sum += weight;
	}
	for (uint32_t tap = 0; tap < taps; tap++)
		real[tap] /= sum;
	*first = (uint32_t)begin;
	return taps;
}

/* To whole numbers whose sum is one: the error goes to the largest. Of many small weights the error
 * can be a large part; there each weight takes that of the ones before it. */
static void round_weights(const double *real, uint32_t taps, int16_t *weights)
{
	const double one = 1 << KERNEL_BITS;
	bool spread = taps > MANY;
	int left = 1 << KERNEL_BITS;
	uint32_t largest = 0;
	double error = 0;
	for (uint32_t tap = 0; tap < taps; tap++) {
		double wanted = real[tap] * one + error;
		weights[tap] = (int16_t)lrint(wanted);
		if (spread)
			error = wanted - weights[tap];
		left -= weights[tap];
		if (weights[tap] > weights[largest])
			largest = tap;
	}
	weights[largest] = (int16_t)(weights[largest] + left);
}

/* Leaves out weights of nothing at both ends: where nothing is resampled, one weight remains. */
static uint32_t trim(int16_t *weights, uint32_t taps, uint32_t *first)
{
	uint32_t before = 0;
	while (taps > 1 && !weights[taps - 1])
		taps--;
	while (before + 1 < taps && !weights[before])
		before++;
	memmove(weights, weights + before, (taps - before) * sizeof(*weights));
	memset(weights + taps - before, 0, before * sizeof(*weights));
	*first += before;
	return taps - before;
}

/* After how many outputs the weights come again, because that many cover a whole number of inputs.
 * 0: not soon. */
static uint32_t find_period(double ratio)
{
	for (uint32_t period = 1; period <= PERIOD_MAX; period++)
		if (fabs(period * ratio - rint(period * ratio)) < 1e-9 * period)
			return period;
	return 0;
}

/* Does it take nothing from beyond an edge? */
static bool is_inside(double centre, double reach, uint32_t inputs)
{
	return centre - reach >= 0 && centre + reach <= inputs;
}

/* The weights of the output that many before. */
static void repeat_weights(struct kernel *kernel, uint32_t output, uint32_t period, double ratio)
{
	uint32_t before = output - period;
	kernel->first[output] = kernel->first[before] + (uint32_t)rint(period * ratio);
	kernel->taps[output] = kernel->taps[before];
	memcpy(kernel->weights + (size_t)output * kernel->stride,
		kernel->weights + (size_t)before * kernel->stride,
		kernel->stride * sizeof(*kernel->weights));
}

int kernel_init(struct kernel *kernel, double from, double ratio, uint32_t outputs, uint32_t inputs)
{
	double scale = ratio > 1 ? ratio : 1;
	uint32_t room = (uint32_t)ceil(2 * LOBES * scale) + 1;
	*kernel = (struct kernel){.outputs = outputs, .stride = (room + 7) & ~7u};
	kernel->first = calloc(outputs, sizeof(*kernel->first));
	kernel->taps = calloc(outputs, sizeof(*kernel->taps));
	kernel->weights = calloc((size_t)outputs * kernel->stride, sizeof(*kernel->weights));
	double *real = calloc(room, sizeof(*real));
	if (!kernel->first || !kernel->taps || !kernel->weights || !real) {
		free(real);
		kernel_deinit(kernel);
		return fault_memory();
	}
	struct lanczos lanczos;
	lanczos_init(&lanczos, 1 / scale);
	uint32_t period = find_period(ratio);
	for (uint32_t output = 0; output < outputs; output++) {
		double centre = from + (output + 0.5) * ratio;
		if (period && output >= period && is_inside(centre, LOBES * scale, inputs) &&
			is_inside(centre - period * ratio, LOBES * scale, inputs)) {
			repeat_weights(kernel, output, period, ratio);
			continue;
		}
		kernel->taps[output] =
			weigh(&lanczos, centre, scale, inputs, real, room, &kernel->first[output]);
		int16_t *weights = kernel->weights + (size_t)output * kernel->stride;
		round_weights(real, kernel->taps[output], weights);
		kernel->taps[output] = trim(weights, kernel->taps[output], &kernel->first[output]);
	}
	free(real);
	return 0;
}

void kernel_deinit(struct kernel *kernel)
{
	free(kernel->first);
	free(kernel->taps);
	free(kernel->weights);
	*kernel = (struct kernel){0};
}

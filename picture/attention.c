/* SPDX-License-Identifier: MIT */
/*
 * The picture is decoded twice: small first, which costs a JPEG little, to find the place, and then
 * as if the place had been told. Keeping the picture between would cost memory instead, and colours
 * could not stay planes.
 */
#include "picture/attention.h"

#include <math.h>
#include <stdlib.h>

#include "picture/decoder.h"
#include "picture/fault.h"
#include "picture/pipeline.h"
#include "picture/saliency.h"

/* More pixels find nothing else. */
enum { SIDE = 96 };

static bool is_wanted(const struct geometry_wish *wish)
{
	return wish->gravity == GRAVITY_ATTENTION && wish->fit == FIT_COVER && wish->width &&
	       wish->height;
}

/* The scores as they lie along both axes of the picture when it is turned as the result. */
static void project(const float *scores, const struct frame *frame, unsigned degrees,
	double bins[2][SALIENCY_BINS], double *width, double *height)
{
	double sine = sin(degrees * M_PI / 180), cosine = cos(degrees * M_PI / 180);
	*width = frame->width * fabs(cosine) + frame->height * fabs(sine);
	*height = frame->width * fabs(sine) + frame->height * fabs(cosine);
	for (uint32_t row = 0; row < frame->height; row++)
		for (uint32_t column = 0; column < frame->width; column++) {
			double x = column + 0.5 - frame->width / 2.0;
			double y = row + 0.5 - frame->height / 2.0;
			double places[2] = {(x * cosine - y * sine) / *width + 0.5,
				(x * sine + y * cosine) / *height + 0.5};
			for (unsigned axis = 0; axis < 2; axis++) {
				int bin = (int)floor(places[axis] * SALIENCY_BINS);
				bin = bin < 0 ? 0 : bin >= SALIENCY_BINS ? SALIENCY_BINS - 1 : bin;
				bins[axis][bin] += scores[(size_t)row * frame->width + column];
			}
		}
}

static int choose(const struct frame *frame, struct geometry_wish *wish)
{
	float *scores = calloc((size_t)frame->width * frame->height, sizeof(*scores));
	if (!scores)
		return fault_memory();
	double bins[2][SALIENCY_BINS] = {{0}}, width = 0, height = 0;
	int status = saliency_score(frame->argb, frame->width, frame->height, scores);
	if (!status)
		project(scores, frame, wish->rotate, bins, &width, &height);
	free(scores);
	if (status)
		return status;
	double scale = fmax(wish->width / width, wish->height / height);
	wish->place_x = saliency_window(bins[0], wish->width / (width * scale));
	wish->place_y = saliency_window(bins[1], wish->height / (height * scale));
	return 0;
}

static int look(struct decoder *decoder, struct options *options)
{
	/* A picture that has the result's shape already loses nothing. */
	const struct decoder_header *header = &decoder->header;
	struct geometry_wish wish = options->geometry;
	struct geometry plan;
	wish.fit = FIT_CONTAIN;
	int status = geometry_plan(&wish, header->width, header->height, header->orientation,
		options->limits.pixels, &plan);
	if (status || (plan.out_width == wish.width && plan.out_height == wish.height))
		return status;
	struct options small = *options;
	small.geometry.width = small.geometry.height = SIDE;
	small.geometry.fit = FIT_INSIDE;
	small.geometry.rotate = 0;
	small.gray = small.bitonal = small.animated = false;
	small.has_background = true;
	struct frame frame = {0};
	status = pipeline_frame(decoder, &small, &frame);
	if (!status)
		status = choose(&frame, &options->geometry);
	frame_deinit(&frame);
	return status;
}

int attention_place(struct input *input, struct options *options)
{
	options->geometry.place_x = options->geometry.place_y = 0.5;
	if (!is_wanted(&options->geometry))
		return 0;
	struct decoder *decoder = NULL;
	int status = decoder_open(input, &options->limits, false, &decoder);
	if (!status)
		status = look(decoder, options);
	decoder_close(decoder);
	return status;
}

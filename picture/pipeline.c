/* SPDX-License-Identifier: MIT */
/*
 * decoder → (premultiply) → resize → finish → (turn) → encoder; three times beside each other where
 * colours stay planes. With an angle: resize → rotate → (resize) → finish → encoder.
 */
#include "picture/pipeline.h"

#include <math.h>
#include <stdlib.h>

#include "picture/fault.h"
#include "picture/finish.h"
#include "picture/frame.h"
#include "picture/premultiply.h"
#include "picture/resize.h"
#include "picture/rotate.h"
#include "picture/turn.h"

struct pipeline {
	struct decoder *decoder;
	const struct options *options;
	enum encoder_format format;
	struct frame *frame; /* where the result goes in place of a file; else NULL */
	struct geometry geometry;
	struct colour *colour;
	bool alpha;   /* the source's rows have it */
	bool corners; /* the picture is turned, and nothing is at the result's corners */
	bool flatten; /* the result has no alpha in spite of one of these */
	struct encoder *encoder;
	struct turn *turn[3];
	struct finish *finish[3];
	struct resize *stretch;
	struct rotate *rotate;
	struct resize *resize[3];
	struct premultiply *premultiply;
	struct stage *first[3];
};

static void deinit(struct pipeline *pipeline)
{
	for (unsigned plane = 0; plane < 3; plane++) {
		resize_free(pipeline->resize[plane]);
		finish_free(pipeline->finish[plane]);
		turn_free(pipeline->turn[plane]);
	}
	rotate_free(pipeline->rotate);
	resize_free(pipeline->stretch);
	premultiply_free(pipeline->premultiply);
	encoder_free(pipeline->encoder);
	colour_free(pipeline->colour);
}

/* Whether the source may be broken outside of what was asked for. What `cover` cuts off, in
 * contrast, is part of the picture. */
static bool is_partial(const struct options *options)
{
	return options->geometry.has_crop && !options->animated;
}

/* Tells the decoder what is wanted, and learns what it will push. */
static int prepare(struct pipeline *pipeline)
{
	struct decoder *decoder = pipeline->decoder;
	const struct geometry *geometry = &pipeline->geometry;
	const struct options *options = pipeline->options;
	double across = geometry->width / geometry->region.width;
	double down = geometry->height / geometry->region.height;
	struct decoder_wish wish = {.region = geometry->region,
		.scale = across > down ? across : down,
		.planes = encoder_takes_planes(pipeline->format) && !pipeline->frame &&
			  !pipeline->colour && !options->gray && !geometry->angle &&
			  !is_partial(options),
		.gray = options->gray && !pipeline->colour,
		.partial = is_partial(options),
		.reach_x = resize_reach(across),
		.reach_y = resize_reach(down)};
	return decoder->type->prepare ? decoder->type->prepare(decoder, &wish) : 0;
}

/* What the encoder gets. */
static struct encoder_shape shape_of(const struct pipeline *pipeline)
{
	const struct decoder_layout *layout = &pipeline->decoder->layout;
	struct encoder_shape shape = {.width = pipeline->geometry.out_width,
		.height = pipeline->geometry.out_height,
		.planes = layout->planes,
		.channels = 1};
	if (layout->planes == 3)
		return shape;
	bool gray =
		pipeline->options->gray ||
		(pipeline->colour ? colour_channels(pipeline->colour) == 1 : layout->channels <= 2);
	bool alpha = (pipeline->alpha || pipeline->corners) && !pipeline->flatten;
	shape.channels = (gray ? 1 : 3) + alpha;
	return shape;
}

/* A last chroma sample that only half belongs to the picture reaches out of it: to the right and
 * below, as the result is seen. */
static struct geometry_rect chroma_region(const struct geometry *geometry)
{
	struct geometry_rect region = geometry->region;
	double more_x = geometry->width % 2 ? region.width / geometry->width : 0;
	double more_y = geometry->height % 2 ? region.height / geometry->height : 0;
	if (geometry_mirrors_stored_x(geometry->orientation))
		region.x -= more_x;
	if (geometry_mirrors_stored_y(geometry->orientation))
		region.y -= more_y;
	region.width += more_x;
	region.height += more_y;
	return region;
}

/* From samples to what the encoder takes, in rows of `width` pixels. */
static int add_finish(struct pipeline *pipeline, unsigned plane, const struct encoder_shape *shape,
	uint32_t width, struct stage **next)
{
	const struct options *options = pipeline->options;
	const uint8_t *background = options->background;
	unsigned channels = pipeline->decoder->layout.channels;
	struct finish_shape finish = {.width = width,
		.channels = channels + (pipeline->corners && !pipeline->alpha),
		.alpha = pipeline->alpha || pipeline->corners,
		.colour = pipeline->colour,
		.out_channels = shape->planes == 3 ? 1 : shape->channels,
		.bitonal = options->bitonal,
		.flatten = pipeline->flatten,
		.background = {background[0], background[1], background[2]}};
	int status = finish_new(&finish, *next, &pipeline->finish[plane]);
	if (!status)
		*next = finish_stage(pipeline->finish[plane]);
	return status;
}

/* By mirrors and quarter turns, in bytes. */
static int add_turn(struct pipeline *pipeline, unsigned plane, const struct encoder_shape *shape,
	uint32_t width, uint32_t height, struct stage **next)
{
	unsigned orientation = pipeline->geometry.orientation;
	if (orientation == 1)
		return 0;
	int status = turn_new(width, height, shape->planes == 3 ? 1 : shape->channels, orientation,
		*next, &pipeline->turn[plane]);
	if (!status)
		*next = turn_stage(pipeline->turn[plane]);
	return status;
}

/* By any angle, in samples; and to the result's sides where `fill` stretches what was turned. */
static int add_rotate(struct pipeline *pipeline, struct stage **next)
{
	const struct geometry *geometry = &pipeline->geometry;
	uint32_t width = geometry->turned_width, height = geometry->turned_height;
	unsigned channels = pipeline->decoder->layout.channels;
	bool stretch = width != geometry->out_width || height != geometry->out_height;
	if (stretch) {
		struct resize_shape resize = {.width = width,
			.height = height,
			.channels = channels + !pipeline->alpha,
			.wide = true,
			.region = {0, 0, width, height},
			.out_width = geometry->out_width,
			.out_height = geometry->out_height};
		int status = resize_new(&resize, *next, &pipeline->stretch);
		if (status)
			return status;
		*next = resize_stage(pipeline->stretch);
	}
	struct rotate_shape rotate = {.width = geometry->width,
		.height = geometry->height,
		.channels = channels,
		.alpha = pipeline->alpha,
		.affine = geometry->affine,
		.out_width = width,
		.out_height = height,
		.beside = stretch};
	int status = rotate_new(&rotate, *next, &pipeline->rotate);
	if (!status)
		*next = rotate_stage(pipeline->rotate);
	return status;
}

/* The stages of one plane, from the encoder backwards. */
static int build(struct pipeline *pipeline, unsigned plane, const struct encoder_shape *shape)
{
	const struct geometry *geometry = &pipeline->geometry;
	const struct decoder_layout *layout = &pipeline->decoder->layout;
	const struct decoder_raster *raster = &layout->raster[plane];
	uint32_t width = geometry->width, height = geometry->height;
	struct geometry_rect region = geometry->region;
	struct stage *next = &pipeline->encoder->stages[plane];
	int status = 0;
	if (plane > 0) {
		region = chroma_region(geometry);
		width = (width + 1) / 2;
		height = (height + 1) / 2;
	}
	if (pipeline->corners) {
		status = add_finish(pipeline, plane, shape, geometry->out_width, &next);
		if (!status)
			status = add_rotate(pipeline, &next);
	} else {
		status = add_turn(pipeline, plane, shape, width, height, &next);
		if (!status)
			status = add_finish(pipeline, plane, shape, width, &next);
	}
	if (status)
		return status;
	struct resize_shape resize = {.width = raster->width,
		.height = raster->height,
		.channels = layout->channels,
		.wide = pipeline->alpha || layout->wide,
		.region = {(region.x - raster->left) * raster->scale_x,
			(region.y - raster->top) * raster->scale_y, region.width * raster->scale_x,
			region.height * raster->scale_y},
		.origin_x = (uint32_t)lrint(raster->left * raster->scale_x),
		.origin_y = (uint32_t)lrint(raster->top * raster->scale_y),
		.stops = is_partial(pipeline->options),
		.out_width = width,
		.out_height = height};
	status = resize_new(&resize, next, &pipeline->resize[plane]);
	if (status)
		return status;
	pipeline->first[plane] = resize_stage(pipeline->resize[plane]);
	if (!resize.wide)
		return 0;
	status = premultiply_new(raster->width, layout->channels, pipeline->alpha, layout->wide,
		pipeline->first[plane], &pipeline->premultiply);
	if (!status)
		pipeline->first[plane] = premultiply_stage(pipeline->premultiply);
	return status;
}

static int run(struct pipeline *pipeline, struct output *output)
{
	struct decoder *decoder = pipeline->decoder;
	const struct options *options = pipeline->options;
	int status =
		geometry_plan(&options->geometry, decoder->header.width, decoder->header.height,
			decoder->header.orientation, options->limits.pixels, &pipeline->geometry);
	if (!status)
		status = colour_new(&decoder->header,
			(uint64_t)pipeline->geometry.width * pipeline->geometry.height,
			&pipeline->colour);
	if (!status)
		status = prepare(pipeline);
	if (status)
		return status;
	pipeline->alpha = decoder->header.alpha;
	pipeline->corners = pipeline->geometry.angle != 0;
	pipeline->flatten = (pipeline->alpha || pipeline->corners) &&
			    (options->has_background || !encoder_takes_alpha(pipeline->format));
	struct encoder_shape shape = shape_of(pipeline);
	status = pipeline->frame ? frame_encoder_new(pipeline->frame, &shape, &pipeline->encoder)
				 : encoder_new(pipeline->format, &shape, &options->encoder, output,
					   &pipeline->encoder);
	for (unsigned plane = 0; plane < decoder->layout.planes && !status; plane++)
		status = build(pipeline, plane, &shape);
	if (!status)
		status = decoder->type->run(decoder, pipeline->first);
	if (status == STAGE_ENOUGH)
		status = 0;
	if (!status)
		status = pipeline->encoder->finish(pipeline->encoder);
	return status;
}

int pipeline_still(struct decoder *decoder, const struct options *options,
	enum encoder_format format, struct output *output)
{
	struct pipeline pipeline = {.decoder = decoder, .options = options, .format = format};
	int status = run(&pipeline, output);
	deinit(&pipeline);
	return status;
}

int pipeline_frame(struct decoder *decoder, const struct options *options, struct frame *frame)
{
	struct pipeline pipeline = {
		.decoder = decoder, .options = options, .format = FORMAT_WEBP, .frame = frame};
	int status = run(&pipeline, NULL);
	deinit(&pipeline);
	return status;
}

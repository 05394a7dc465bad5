/* SPDX-License-Identifier: MIT */
/*
 * decoder → (premultiply) → resize → finish → (turn) → encoder; three times beside each other where
 * colours stay planes.
 */
#include "picture/pipeline.h"

#include <math.h>
#include <stdlib.h>

#include "picture/fault.h"
#include "picture/finish.h"
#include "picture/premultiply.h"
#include "picture/resize.h"
#include "picture/turn.h"

struct pipeline {
	struct decoder *decoder;
	const struct options *options;
	enum encoder_format format;
	struct geometry geometry;
	struct colour *colour;
	bool alpha, flatten; /* the rows have alpha; the result has none */
	struct encoder *encoder;
	struct turn *turn[3];
	struct finish *finish[3];
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
		.planes = encoder_takes_planes(pipeline->format) && !pipeline->colour &&
			  !options->gray && !geometry->angle && !is_partial(options),
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
	shape.channels = (gray ? 1 : 3) + (pipeline->alpha && !pipeline->flatten);
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

/* The stages of one plane, from the encoder backwards. */
static int build(struct pipeline *pipeline, unsigned plane, const struct encoder_shape *shape)
{
	const struct geometry *geometry = &pipeline->geometry;
	const struct decoder_layout *layout = &pipeline->decoder->layout;
	const struct decoder_raster *raster = &layout->raster[plane];
	const struct options *options = pipeline->options;
	uint32_t width = geometry->width, height = geometry->height;
	struct geometry_rect region = geometry->region;
	struct stage *next = &pipeline->encoder->stages[plane];
	int status = 0;
	if (plane > 0) {
		region = chroma_region(geometry);
		width = (width + 1) / 2;
		height = (height + 1) / 2;
	}
	if (geometry->orientation > 1) {
		status = turn_new(width, height, shape->planes == 3 ? 1 : shape->channels,
			geometry->orientation, next, &pipeline->turn[plane]);
		if (status)
			return status;
		next = turn_stage(pipeline->turn[plane]);
	}
	struct finish_shape finish = {.width = width,
		.channels = layout->channels,
		.alpha = pipeline->alpha,
		.colour = pipeline->colour,
		.out_channels = shape->planes == 3 ? 1 : shape->channels,
		.bitonal = options->bitonal,
		.flatten = pipeline->flatten,
		.background = {
			options->background[0], options->background[1], options->background[2]}};
	status = finish_new(&finish, next, &pipeline->finish[plane]);
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
		.stops = is_partial(options),
		.out_width = width,
		.out_height = height};
	status = resize_new(
		&resize, finish_stage(pipeline->finish[plane]), &pipeline->resize[plane]);
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
	pipeline->flatten = pipeline->alpha &&
			    (options->has_background || !encoder_takes_alpha(pipeline->format));
	struct encoder_shape shape = shape_of(pipeline);
	status = encoder_new(
		pipeline->format, &shape, &options->encoder, output, &pipeline->encoder);
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

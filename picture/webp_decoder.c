/* SPDX-License-Identifier: MIT */
/*
 * A still WebP, or the first frame of an animation. libwebp hands out no rows before it has memory
 * for all of them, so the picture is held as a whole: 1.5 bytes for each pixel where Y, Cb and Cr
 * are wanted, 3 for RGB, 4 with alpha; a lossless one has 4 more inside of the library. Where the
 * result is far smaller, libwebp makes it smaller before it stores it. The compressed file is held,
 * too.
 */
#include "picture/webp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/webp_demux_library.h"
#include "picture/webp_frames.h"
#include "picture/webp_library.h"

/* WebP's own limit is 4 GiB. */
static const size_t FILE_MAX = 512u << 20;

/* What is left to the resampler where libwebp makes a picture smaller. */
static const double RATIO_LEFT = 3;
enum { BLOCK_MAX = 16 }; /* With more, blocks of unequal width would count the same. */

/* The scale below which the edges of blocks are left as they are. */
static const double UNFILTERED = 0.1;

struct webp_decoder {
	struct decoder decoder;
	const struct webp_library *library;
	const struct webp_demux_library *demux;
	WebPDemuxer *demuxer;
	bool animation, complete; /* the file */
	WebPIterator frame;
	WebPChunkIterator profile;
	WebPDecoderConfig config;
	bool lossy;
	uint8_t *line; /* of the canvas, where the frame is smaller */
};

/* How much libwebp itself makes it smaller, by the mean of blocks as the resampler would. Where
 * there is alpha it would mix in the colours of transparent pixels. */
static uint32_t shrinking(const struct webp_decoder *webp, const struct decoder_wish *wish)
{
	double factor = 1 / (wish->scale * RATIO_LEFT);
	if (wish->partial || webp->decoder.header.alpha || factor < 2)
		return 1;
	return factor > BLOCK_MAX ? BLOCK_MAX : (uint32_t)factor;
}

/* Only what is wanted of the picture is kept; a part begins at even pixels. */
static void choose_part(struct webp_decoder *webp, const struct decoder_wish *wish)
{
	WebPDecoderOptions *options = &webp->config.options;
	struct decoder_raster *raster = &webp->decoder.layout.raster[0];
	const struct geometry_rect *region = &wish->region;
	double left = fmax(floor(region->x - wish->reach_x), 0);
	double top = fmax(floor(region->y - wish->reach_y), 0);
	double right = fmin(ceil(region->x + region->width + wish->reach_x), raster->width);
	double bottom = fmin(ceil(region->y + region->height + wish->reach_y), raster->height);
	options->use_cropping = 1;
	options->crop_left = (int)left / 2 * 2;
	options->crop_top = (int)top / 2 * 2;
	options->crop_width = (int)right - options->crop_left;
	options->crop_height = (int)bottom - options->crop_top;
	raster->left = options->crop_left;
	raster->top = options->crop_top;
	raster->width = (uint32_t)options->crop_width;
	raster->height = (uint32_t)options->crop_height;
}

static void shrink(struct webp_decoder *webp, uint32_t factor)
{
	WebPDecoderOptions *options = &webp->config.options;
	struct decoder_raster *raster = &webp->decoder.layout.raster[0];
	uint32_t width = (raster->width + factor - 1) / factor;
	uint32_t height = (raster->height + factor - 1) / factor;
	raster->scale_x = (double)width / raster->width;
	raster->scale_y = (double)height / raster->height;
	raster->width = width;
	raster->height = height;
	options->use_scaling = factor > 1;
	options->scaled_width = (int)width;
	options->scaled_height = (int)height;
}

/* Chroma has half the samples, rounded up, of the picture as of the raster. */
static struct decoder_raster chroma_raster(const struct webp_decoder *webp)
{
	const struct decoder_header *header = &webp->decoder.header;
	struct decoder_raster raster = webp->decoder.layout.raster[0];
	raster.width = (raster.width + 1) / 2;
	raster.height = (raster.height + 1) / 2;
	raster.scale_x = raster.width / (2.0 * ((header->width + 1) / 2));
	raster.scale_y = raster.height / (2.0 * ((header->height + 1) / 2));
	return raster;
}

static int prepare(struct decoder *decoder, const struct decoder_wish *wish)
{
	struct webp_decoder *webp = (struct webp_decoder *)decoder;
	struct decoder_layout *layout = &decoder->layout;
	bool alpha = decoder->header.alpha;
	bool planes = webp->lossy && !alpha && (wish->planes || wish->gray);
	webp->config.output.colorspace = planes ? MODE_YUV : alpha ? MODE_RGBA : MODE_RGB;
	/* What the filter smoothes at the edges of blocks does not show in a far smaller picture.
	 */
	webp->config.options.bypass_filtering = wish->scale <= UNFILTERED;
	decoder_plain_layout(decoder, planes ? 1 : alpha ? 4 : 3, false);
	if (wish->partial && !webp->line)
		choose_part(webp, wish);
	else
		shrink(webp, shrinking(webp, wish));
	if (planes && !wish->gray) {
		layout->planes = 3;
		layout->raster[1] = layout->raster[2] = chroma_raster(webp);
	}
	return 0;
}

static int push_planes(struct webp_decoder *webp, struct stage *const *stages)
{
	const WebPYUVABuffer *yuv = &webp->config.output.u.YUVA;
	const struct decoder_layout *layout = &webp->decoder.layout;
	uint8_t *const planes[3] = {yuv->y, yuv->u, yuv->v};
	for (uint32_t row = 0; row < layout->raster[0].height; row++)
		for (unsigned plane = 0; plane < layout->planes; plane++) {
			if (plane && row % 2)
				break;
			size_t stride = (size_t)(plane ? yuv->u_stride : yuv->y_stride);
			uint8_t *line = planes[plane] + (plane ? row / 2 : row) * stride;
			webp_range_to_full(line, line, layout->raster[plane].width, plane > 0);
			int status = stage_row(stages[plane], line);
			if (status)
				return status;
		}
	return 0;
}

/* A frame that is smaller than its canvas. */
static int push_canvas(struct webp_decoder *webp, struct stage *stage)
{
	const WebPRGBABuffer *rgba = &webp->config.output.u.RGBA;
	const WebPIterator *frame = &webp->frame;
	size_t width = webp->decoder.header.width;
	int status = 0;
	for (uint32_t row = 0; row < webp->decoder.header.height && !status; row++) {
		int64_t inside = (int64_t)row - frame->y_offset;
		memset(webp->line, 0, width * 4);
		if (inside >= 0 && inside < frame->height)
			memcpy(webp->line + (size_t)frame->x_offset * 4,
				rgba->rgba + (size_t)inside * (size_t)rgba->stride,
				(size_t)frame->width * 4);
		status = stage_row(stage, webp->line);
	}
	return status;
}

static int push_rows(struct webp_decoder *webp, struct stage *stage)
{
	const WebPRGBABuffer *rgb = &webp->config.output.u.RGBA;
	int status = 0;
	for (uint32_t row = 0; row < webp->decoder.layout.raster[0].height && !status; row++)
		status = stage_row(stage, rgb->rgba + (size_t)row * (size_t)rgb->stride);
	return status;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct webp_decoder *webp = (struct webp_decoder *)decoder;
	const WebPData *data = &webp->frame.fragment;
	int status = webp_decoding_fault(
		(int)webp->library->decode(data->bytes, data->size, &webp->config));
	if (status)
		return status;
	if (webp->config.output.colorspace == MODE_YUV)
		return push_planes(webp, stages);
	return webp->line ? push_canvas(webp, stages[0]) : push_rows(webp, stages[0]);
}

static void close_decoder(struct decoder *decoder)
{
	struct webp_decoder *webp = (struct webp_decoder *)decoder;
	webp->library->decoded_free(&webp->config.output);
	webp->demux->chunk_release(&webp->profile);
	webp->demux->frame_release(&webp->frame);
	webp->demux->close(webp->demuxer);
	free(webp->line);
	free(webp);
}

static const struct decoder_type type = {.prepare = prepare, .run = run, .close = close_decoder};

static unsigned orientation_of(const struct webp_decoder *webp)
{
	WebPChunkIterator exif;
	if (!webp->demux->chunk(webp->demuxer, "EXIF", 1, &exif))
		return 1;
	unsigned orientation = decoder_exif_orientation(exif.chunk.bytes, exif.chunk.size);
	webp->demux->chunk_release(&exif);
	return orientation;
}

static int open_demuxer(struct webp_decoder *webp, const WebPData *data)
{
	WebPDemuxState state;
	webp->demuxer = webp->demux->open(data, 1, &state, WEBP_DEMUX_ABI_VERSION);
	if (!webp->demuxer)
		return fault(FAULT_BROKEN, "webp: %s",
			state == WEBP_DEMUX_PARSING_HEADER ? "the file is cut short"
							   : "the container is damaged");
	webp->animation = webp->demux->get(webp->demuxer, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG;
	webp->complete = state == WEBP_DEMUX_DONE;
	/* Of an animation, the first frame is enough. */
	if (!webp->demux->frame(webp->demuxer, 1, &webp->frame) || !webp->frame.complete ||
		(!webp->complete && !webp->animation))
		return fault(FAULT_BROKEN, "webp: the file is cut short");
	return 0;
}

static int fill_header(struct webp_decoder *webp, const struct decoder_limits *limits)
{
	const WebPIterator *frame = &webp->frame;
	uint32_t width = webp->demux->get(webp->demuxer, WEBP_FF_CANVAS_WIDTH);
	uint32_t height = webp->demux->get(webp->demuxer, WEBP_FF_CANVAS_HEIGHT);
	int status = decoder_check_sides(width, height, limits);
	if (!status)
		status = webp_decoding_fault((int)webp->library->features(frame->fragment.bytes,
			frame->fragment.size, &webp->config.input, WEBP_DECODER_ABI_VERSION));
	if (status)
		return status;
	bool covers = frame->x_offset == 0 && frame->y_offset == 0 &&
		      (uint32_t)frame->width == width && (uint32_t)frame->height == height;
	webp->lossy = webp->config.input.format == 1;
	webp->decoder.header = (struct decoder_header){.type = "webp",
		.width = width,
		.height = height,
		.orientation = orientation_of(webp),
		.depth = 8,
		.space = SPACE_RGB,
		.alpha = webp->config.input.has_alpha || !covers,
		.frames = webp->demux->get(webp->demuxer, WEBP_FF_FRAME_COUNT),
		.loops = webp->demux->get(webp->demuxer, WEBP_FF_LOOP_COUNT),
		.cicp = {2, 2, 2, true}};
	if (webp->demux->chunk(webp->demuxer, "ICCP", 1, &webp->profile)) {
		webp->decoder.header.profile = webp->profile.chunk.bytes;
		webp->decoder.header.profile_length = webp->profile.chunk.size;
	}
	if (!covers)
		webp->line = calloc(width, 4);
	return covers || webp->line ? 0 : fault_memory();
}

static int open_frames(struct webp_decoder *webp, const WebPData *data,
	const struct decoder_limits *limits, struct decoder **result)
{
	struct decoder_header header = webp->decoder.header;
	if (!webp->complete)
		return fault(FAULT_BROKEN, "webp: the file is cut short");
	if (header.frames > limits->frames)
		return fault(FAULT_LIMIT, "webp: more than %u frames", limits->frames);
	header.alpha = webp_frames_alpha(webp->demux, webp->demuxer);
	return webp_frames_open(webp->demux, data, &header, result);
}

int webp_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	const struct webp_library *library;
	const struct webp_demux_library *demux;
	WebPData data;
	int status = webp_library(&library);
	if (!status)
		status = webp_demux_library(&demux);
	if (!status)
		status = input_whole(input, FILE_MAX, &data.bytes, &data.size);
	if (status)
		return status;
	struct webp_decoder *webp = calloc(1, sizeof(*webp));
	if (!webp)
		return fault_memory();
	webp->library = library;
	webp->demux = demux;
	webp->decoder.type = &type;
	library->decoder_config(&webp->config, WEBP_DECODER_ABI_VERSION);
	status = open_demuxer(webp, &data);
	if (!status)
		status = fill_header(webp, limits);
	animated =
		animated && webp->animation && (webp->decoder.header.frames > 1 || !webp->complete);
	if (!status && animated)
		status = open_frames(webp, &data, limits, result);
	if (status || animated) {
		close_decoder(&webp->decoder);
		return status;
	}
	*result = &webp->decoder;
	return 0;
}

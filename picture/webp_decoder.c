/* SPDX-License-Identifier: MIT */
/*
 * A still WebP, or the first frame of an animation. libwebp hands out no rows before it has memory
 * for all of them, so the picture is held as a whole: 1.5 bytes for each pixel where Y, Cb and Cr
 * are wanted, 3 for RGB, 4 with alpha; a lossless one has 4 more inside of the library. The
 * compressed file is held, too.
 */
#include "picture/webp.h"

#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "picture/fault.h"
#include "picture/webp_frames.h"

/* WebP's own limit is 4 GiB. */
static const size_t FILE_MAX = 512u << 20;

struct webp_decoder {
	struct decoder decoder;
	WebPDemuxer *demuxer;
	bool animation, complete; /* the file */
	WebPIterator frame;
	WebPChunkIterator profile;
	WebPDecoderConfig config;
	bool lossy;
	uint8_t *line; /* of the canvas, where the frame is smaller */
};

static int prepare(struct decoder *decoder, const struct decoder_wish *wish)
{
	struct webp_decoder *webp = (struct webp_decoder *)decoder;
	struct decoder_layout *layout = &decoder->layout;
	bool alpha = decoder->header.alpha;
	bool planes = webp->lossy && !alpha && (wish->planes || wish->gray);
	webp->config.output.colorspace = planes ? MODE_YUV : alpha ? MODE_RGBA : MODE_RGB;
	decoder_plain_layout(decoder, planes ? 1 : alpha ? 4 : 3, false);
	if (!planes || wish->gray)
		return 0;
	layout->planes = 3;
	for (unsigned plane = 1; plane < 3; plane++)
		layout->raster[plane] =
			(struct decoder_raster){.width = (decoder->header.width + 1) / 2,
				.height = (decoder->header.height + 1) / 2,
				.scale_x = 0.5,
				.scale_y = 0.5};
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

static int push_rows(struct webp_decoder *webp, struct stage *stage)
{
	const WebPRGBABuffer *rgb = &webp->config.output.u.RGBA;
	const WebPIterator *frame = &webp->frame;
	size_t length = (size_t)frame->width * webp->decoder.layout.channels;
	for (uint32_t row = 0; row < webp->decoder.header.height; row++) {
		int64_t inside = (int64_t)row - frame->y_offset;
		bool covered = inside >= 0 && inside < frame->height;
		const uint8_t *line =
			covered ? rgb->rgba + (size_t)inside * (size_t)rgb->stride : NULL;
		if (webp->line && covered)
			memcpy(webp->line + (size_t)frame->x_offset * 4, line, length);
		else if (webp->line)
			memset(webp->line, 0, (size_t)webp->decoder.header.width * 4);
		int status = stage_row(stage, webp->line ? webp->line : line);
		if (status)
			return status;
	}
	return 0;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct webp_decoder *webp = (struct webp_decoder *)decoder;
	const WebPData *data = &webp->frame.fragment;
	int status = webp_decoding_fault((int)WebPDecode(data->bytes, data->size, &webp->config));
	if (status)
		return status;
	return webp->config.output.colorspace == MODE_YUV ? push_planes(webp, stages)
							  : push_rows(webp, stages[0]);
}

static void close_decoder(struct decoder *decoder)
{
	struct webp_decoder *webp = (struct webp_decoder *)decoder;
	WebPFreeDecBuffer(&webp->config.output);
	WebPDemuxReleaseChunkIterator(&webp->profile);
	WebPDemuxReleaseIterator(&webp->frame);
	WebPDemuxDelete(webp->demuxer);
	free(webp->line);
	free(webp);
}

static const struct decoder_type type = {.prepare = prepare, .run = run, .close = close_decoder};

static unsigned orientation_of(const WebPDemuxer *demuxer)
{
	static const uint8_t prefix[6] = "Exif\0"; /* as in JPEG; it does not belong here */
	WebPChunkIterator exif;
	unsigned orientation = 1;
	if (!WebPDemuxGetChunk(demuxer, "EXIF", 1, &exif))
		return 1;
	const WebPData *data = &exif.chunk;
	size_t skip = data->size > sizeof(prefix) && !memcmp(data->bytes, prefix, sizeof(prefix))
			      ? sizeof(prefix)
			      : 0;
	orientation = decoder_exif_orientation(data->bytes + skip, data->size - skip);
	WebPDemuxReleaseChunkIterator(&exif);
	return orientation;
}

static int open_demuxer(struct webp_decoder *webp, const WebPData *data)
{
	WebPDemuxState state;
	webp->demuxer = WebPDemuxPartial(data, &state);
	if (!webp->demuxer)
		return fault(FAULT_BROKEN, "webp: %s",
			state == WEBP_DEMUX_PARSING_HEADER ? "the file is cut short"
							   : "the container is damaged");
	webp->animation = WebPDemuxGetI(webp->demuxer, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG;
	webp->complete = state == WEBP_DEMUX_DONE;
	/* Of an animation, the first frame is enough. */
	if (!WebPDemuxGetFrame(webp->demuxer, 1, &webp->frame) || !webp->frame.complete ||
		(!webp->complete && !webp->animation))
		return fault(FAULT_BROKEN, "webp: the file is cut short");
	return 0;
}

static int fill_header(struct webp_decoder *webp, const struct decoder_limits *limits)
{
	const WebPIterator *frame = &webp->frame;
	uint32_t width = WebPDemuxGetI(webp->demuxer, WEBP_FF_CANVAS_WIDTH);
	uint32_t height = WebPDemuxGetI(webp->demuxer, WEBP_FF_CANVAS_HEIGHT);
	int status = decoder_check_sides(width, height, limits);
	if (!status)
		status = webp_decoding_fault((int)WebPGetFeatures(
			frame->fragment.bytes, frame->fragment.size, &webp->config.input));
	if (status)
		return status;
	bool covers = frame->x_offset == 0 && frame->y_offset == 0 &&
		      (uint32_t)frame->width == width && (uint32_t)frame->height == height;
	webp->lossy = webp->config.input.format == 1;
	webp->decoder.header = (struct decoder_header){.type = "webp",
		.width = width,
		.height = height,
		.orientation = orientation_of(webp->demuxer),
		.depth = 8,
		.space = SPACE_RGB,
		.alpha = webp->config.input.has_alpha || !covers,
		.frames = WebPDemuxGetI(webp->demuxer, WEBP_FF_FRAME_COUNT),
		.loops = WebPDemuxGetI(webp->demuxer, WEBP_FF_LOOP_COUNT),
		.cicp = {2, 2, 2, true}};
	if (WebPDemuxGetChunk(webp->demuxer, "ICCP", 1, &webp->profile)) {
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
	header.alpha = webp_frames_alpha(webp->demuxer);
	return webp_frames_open(data, &header, result);
}

int webp_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	WebPData data;
	int status = input_whole(input, FILE_MAX, &data.bytes, &data.size);
	if (status)
		return status;
	struct webp_decoder *webp = calloc(1, sizeof(*webp));
	if (!webp)
		return fault_memory();
	webp->decoder.type = &type;
	WebPInitDecoderConfig(&webp->config);
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

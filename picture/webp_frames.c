/* SPDX-License-Identifier: MIT */
/*
 * By libwebp's own decoder of animations, which holds two canvases of four bytes for each pixel,
 * and a frame while it is decoded.
 */
#include "picture/webp_frames.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"

struct webp_frames {
	struct decoder decoder;
	const struct webp_demux_library *library;
	WebPAnimDecoder *frames;
	uint32_t end_ms; /* of the current frame */
	uint8_t *canvas; /* RGBA, of the library */
	uint8_t *line;	 /* RGB, where nothing is transparent */
};

static int next(struct decoder *decoder, uint32_t *duration_ms)
{
	struct webp_frames *webp = (struct webp_frames *)decoder;
	int end_ms = 0;
	if (!webp->library->animation_more(webp->frames))
		return -1;
	if (!webp->library->animation_next(webp->frames, &webp->canvas, &end_ms))
		return fault(FAULT_BROKEN, "webp: a frame is damaged");
	*duration_ms = (uint32_t)end_ms - webp->end_ms;
	webp->end_ms = (uint32_t)end_ms;
	return 0;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct webp_frames *webp = (struct webp_frames *)decoder;
	uint32_t width = decoder->header.width;
	int status = 0;
	for (uint32_t y = 0; y < decoder->header.height && !status; y++) {
		const uint8_t *row = webp->canvas + (size_t)y * width * 4;
		for (uint32_t x = 0; webp->line && x < width; x++)
			memcpy(webp->line + (size_t)x * 3, row + (size_t)x * 4, 3);
		status = stage_row(stages[0], webp->line ? webp->line : row);
	}
	return status;
}

static void close_decoder(struct decoder *decoder)
{
	struct webp_frames *webp = (struct webp_frames *)decoder;
	webp->library->animation_close(webp->frames);
	free(webp->line);
	free(webp);
}

static const struct decoder_type type = {.next = next, .run = run, .close = close_decoder};

int webp_frames_open(const struct webp_demux_library *library, const WebPData *data,
	const struct decoder_header *header, struct decoder **result)
{
	struct webp_frames *webp = calloc(1, sizeof(*webp));
	WebPAnimDecoderOptions options;
	library->animation_options(&options, WEBP_DEMUX_ABI_VERSION);
	if (!webp)
		return fault_memory();
	webp->library = library;
	webp->decoder.type = &type;
	webp->decoder.header = *header;
	webp->frames = library->animation_open(data, &options, WEBP_DEMUX_ABI_VERSION);
	if (!header->alpha)
		webp->line = malloc((size_t)header->width * 3);
	if (!webp->frames || (!header->alpha && !webp->line)) {
		close_decoder(&webp->decoder);
		return fault_memory();
	}
	decoder_plain_layout(&webp->decoder, header->alpha ? 4 : 3, false);
	*result = &webp->decoder;
	return 0;
}

bool webp_frames_alpha(const struct webp_demux_library *library, const WebPDemuxer *demuxer)
{
	int width = (int)library->get(demuxer, WEBP_FF_CANVAS_WIDTH);
	int height = (int)library->get(demuxer, WEBP_FF_CANVAS_HEIGHT);
	WebPIterator frame;
	if (!library->frame(demuxer, 1, &frame))
		return true;
	bool alpha = frame.width != width || frame.height != height;
	do
		alpha = alpha || frame.has_alpha ||
			frame.dispose_method == WEBP_MUX_DISPOSE_BACKGROUND;
	while (library->next_frame(&frame));
	library->frame_release(&frame);
	return alpha;
}

/* SPDX-License-Identifier: MIT */
#include "picture/webp_demux_library.h"

#include "picture/library.h"

static struct webp_demux_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct webp_demux_library, member, function)

static const struct library_function functions[] = {
	ROW(open, WebPDemuxInternal),
	ROW(close, WebPDemuxDelete),
	ROW(get, WebPDemuxGetI),
	ROW(frame, WebPDemuxGetFrame),
	ROW(next_frame, WebPDemuxNextFrame),
	ROW(frame_release, WebPDemuxReleaseIterator),
	ROW(chunk, WebPDemuxGetChunk),
	ROW(chunk_release, WebPDemuxReleaseChunkIterator),
	ROW(animation_options, WebPAnimDecoderOptionsInitInternal),
	ROW(animation_open, WebPAnimDecoderNewInternal),
	ROW(animation_more, WebPAnimDecoderHasMoreFrames),
	ROW(animation_next, WebPAnimDecoderGetNext),
	ROW(animation_close, WebPAnimDecoderDelete),
	{NULL, 0},
};

static struct library library = {.name = PICTURE_WEBP_DEMUX_LIBRARY,
	.kind = "webp",
	.functions = functions,
	.table = &table};

int webp_demux_library(const struct webp_demux_library **result)
{
	*result = &table;
	return library_open(&library);
}

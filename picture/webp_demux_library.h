/* SPDX-License-Identifier: MIT */
/* The functions of libwebpdemux that this program uses. */
#ifndef PICTURE_WEBP_DEMUX_LIBRARY_H
#define PICTURE_WEBP_DEMUX_LIBRARY_H

#include <webp/demux.h>

/* Each has the type of the function in libwebpdemux's header. */
struct webp_demux_library {
	__typeof__(&WebPDemuxInternal) open;
	__typeof__(&WebPDemuxDelete) close;
	__typeof__(&WebPDemuxGetI) get;
	__typeof__(&WebPDemuxGetFrame) frame;
	__typeof__(&WebPDemuxNextFrame) next_frame;
	__typeof__(&WebPDemuxReleaseIterator) frame_release;
	__typeof__(&WebPDemuxGetChunk) chunk;
	__typeof__(&WebPDemuxReleaseChunkIterator) chunk_release;
	__typeof__(&WebPAnimDecoderOptionsInitInternal) animation_options;
	__typeof__(&WebPAnimDecoderNewInternal) animation_open;
	__typeof__(&WebPAnimDecoderHasMoreFrames) animation_more;
	__typeof__(&WebPAnimDecoderGetNext) animation_next;
	__typeof__(&WebPAnimDecoderDelete) animation_close;
};

/* Loads the library. Returns 0 or a fault. */
int webp_demux_library(const struct webp_demux_library **library);

#endif

/* SPDX-License-Identifier: MIT */
/* The frames of an animated WebP. */
#ifndef PICTURE_WEBP_FRAMES_H
#define PICTURE_WEBP_FRAMES_H

#include "picture/decoder.h"
#include "picture/webp_demux_library.h"

/* A decoder of all frames. The file has been found to be complete; its bytes are borrowed, as is
 * what the header points to. Returns 0 or a fault. */
int webp_frames_open(const struct webp_demux_library *library, const WebPData *data,
	const struct decoder_header *header, struct decoder **decoder);

/* Whether a pixel of the animation can be transparent. */
bool webp_frames_alpha(const struct webp_demux_library *library, const WebPDemuxer *demuxer);

#endif

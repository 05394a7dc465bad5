/* SPDX-License-Identifier: MIT */
/* The functions of libwebpmux that this program uses. */
#ifndef PICTURE_WEBP_MUX_LIBRARY_H
#define PICTURE_WEBP_MUX_LIBRARY_H

#include <webp/mux.h>

/* Each has the type of the function in libwebpmux's header. */
struct webp_mux_library {
	__typeof__(&WebPNewInternal) open;
	__typeof__(&WebPMuxDelete) close;
	__typeof__(&WebPMuxPushFrame) push_frame;
	__typeof__(&WebPMuxSetAnimationParams) animation;
	__typeof__(&WebPMuxSetCanvasSize) canvas;
	__typeof__(&WebPMuxAssemble) assemble;
};

/* Loads the library. Returns 0 or a fault. */
int webp_mux_library(const struct webp_mux_library **library);

#endif

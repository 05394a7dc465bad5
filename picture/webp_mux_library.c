/* SPDX-License-Identifier: MIT */
#include "picture/webp_mux_library.h"

#include "picture/library.h"

static struct webp_mux_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct webp_mux_library, member, function)

static const struct library_function functions[] = {
	ROW(open, WebPNewInternal),
	ROW(close, WebPMuxDelete),
	ROW(push_frame, WebPMuxPushFrame),
	ROW(animation, WebPMuxSetAnimationParams),
	ROW(canvas, WebPMuxSetCanvasSize),
	ROW(assemble, WebPMuxAssemble),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_WEBP_MUX_LIBRARY, .kind = "webp", .functions = functions, .table = &table};

int webp_mux_library(const struct webp_mux_library **result)
{
	*result = &table;
	return library_open(&library);
}

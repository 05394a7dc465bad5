/* SPDX-License-Identifier: MIT */
#include "picture/animation.h"

#include "picture/fault.h"
#include "picture/frame.h"
#include "picture/pipeline.h"
#include "picture/webp_animation.h"

static int check_sides(const struct frame *frame)
{
	uint32_t most = encoder_side_max(FORMAT_WEBP);
	if (frame->width > most || frame->height > most)
		return fault(FAULT_LIMIT, "the format has at most %u pixels a side", most);
	return 0;
}

static int add_all(struct decoder *decoder, const struct options *options,
	struct webp_animation *animation, struct frame *frame)
{
	for (uint32_t frames = 0;; frames++) {
		uint32_t duration_ms = 0;
		int status = decoder->type->next(decoder, &duration_ms);
		if (status < 0 && frames)
			return 0;
		if (status < 0)
			return fault(FAULT_BROKEN, "the animation has no frames");
		if (!status && frames == options->limits.frames)
			return fault(FAULT_LIMIT, "more than %u frames", frames);
		if (!status)
			status = pipeline_frame(decoder, options, frame);
		if (!status)
			status = check_sides(frame);
		if (!status)
			status = webp_animation_add(animation, frame, duration_ms);
		if (status)
			return status;
	}
}

int animation_write(struct decoder *decoder, const struct options *options, struct output *output)
{
	struct webp_animation *animation = NULL;
	struct frame frame = {0};
	int status = webp_animation_new(&options->encoder, decoder->header.loops, &animation);
	if (!status)
		status = add_all(decoder, options, animation, &frame);
	if (!status)
		status = webp_animation_finish(animation, output);
	webp_animation_free(animation);
	frame_deinit(&frame);
	return status;
}

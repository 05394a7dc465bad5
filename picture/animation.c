/* SPDX-License-Identifier: MIT */
#include "picture/animation.h"

#include "picture/fault.h"
#include "picture/frame.h"
#include "picture/pipeline.h"
#include "picture/webp_animation.h"

/* All frames together may be as much work as so many of the largest pictures. */
enum { PICTURES_MAX = 8 };

/* A frame of one pixel is a few bytes of the file, but costs as much as the whole canvas. */
static int check_work(const struct decoder *decoder, uint32_t width, uint32_t height,
	const struct decoder_limits *limits)
{
	uint64_t pixels = (uint64_t)width * height;
	uint32_t frames = decoder->header.frames;
	if (!frames || pixels <= limits->pixels * PICTURES_MAX / frames)
		return 0;
	return fault(FAULT_LIMIT, "%u frames of %ux%u: together more than %llu pixels", frames,
		width, height, (unsigned long long)limits->pixels * PICTURES_MAX);
}

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
			status = check_work(decoder, frame->width, frame->height, &options->limits);
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
	int status = check_work(
		decoder, decoder->header.width, decoder->header.height, &options->limits);
	if (!status)
		status = webp_animation_new(&options->encoder, decoder->header.loops, &animation);
	if (!status)
		status = add_all(decoder, options, animation, &frame);
	if (!status)
		status = webp_animation_finish(animation, output);
	webp_animation_free(animation);
	frame_deinit(&frame);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * Only what changes from frame to frame is encoded: the smallest rectangle around it, and in that
 * the blocks that stay are transparent, where nothing else is. A frame that looks like the one
 * before it makes that one's time longer. libwebp's own encoder of animations (WebPAnimEncoder)
 * also drops frames that are nearly alike, so that a slow fade would move in steps.
 *
 * What is held: two frames of the result, here and at the caller's, a third one while it is
 * encoded, and what is encoded already. It does not depend on the source's size or number of frames
 * otherwise.
 */
#include "picture/webp_animation.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/webp.h"
#include "picture/webp_library.h"
#include "picture/webp_mux_library.h"

/* A frame's time has 24 bits, the number of loops 16. A block is what the codec works on. */
enum { TIME_MAX = (1 << 24) - 1, LOOPS_MAX = 65535, BLOCK = 16 };

struct box {
	uint32_t left, top, right, bottom; /* the latter two are outside */
};

struct webp_animation {
	const struct webp_library *library;
	const struct webp_mux_library *muxer;
	WebPConfig config;
	WebPMux *mux;
	uint32_t loops, count; /* of frames, the waiting one included */
	struct frame shown;
	WebPMemoryWriter bytes; /* of the frame that waits for the end of its time */
	WebPMuxFrameInfo waiting;
	uint64_t duration_ms;
};

static const uint32_t *row_of(const struct frame *frame, uint32_t y)
{
	return frame->argb + (size_t)y * frame->width;
}

/* Whether `width` pixels are the same from (x, y) on. */
static bool same(
	const struct frame *one, const struct frame *other, uint32_t x, uint32_t y, uint32_t width)
{
	return !memcmp(row_of(one, y) + x, row_of(other, y) + x, width * sizeof(*one->argb));
}

/* The smallest box around what differs; the place of a frame is in steps of two pixels. It is
 * empty when nothing differs. */
static struct box difference(const struct frame *one, const struct frame *other)
{
	struct box box = {one->width, one->height, 0, 0};
	for (uint32_t y = 0; y < one->height; y++) {
		if (same(one, other, 0, y, one->width))
			continue;
		const uint32_t *a = row_of(one, y), *b = row_of(other, y);
		uint32_t left = 0, right = one->width;
		while (a[left] == b[left])
			left++;
		while (a[right - 1] == b[right - 1])
			right--;
		box.left = left < box.left ? left : box.left;
		box.right = right > box.right ? right : box.right;
		box.top = box.bottom ? box.top : y;
		box.bottom = y + 1;
	}
	box.left -= box.left % 2;
	box.top -= box.top % 2;
	return box;
}

/* A block's part of the box. */
static struct box block_at(const struct box *box, uint32_t x, uint32_t y)
{
	return (struct box){x, y, x + BLOCK < box->right ? x + BLOCK : box->right,
		y + BLOCK < box->bottom ? y + BLOCK : box->bottom};
}

static bool stays(const struct frame *frame, const struct frame *shown, const struct box *block)
{
	for (uint32_t y = block->top; y < block->bottom; y++)
		if (!same(frame, shown, block->left, y, block->right - block->left))
			return false;
	return true;
}

static bool is_opaque(const struct frame *frame, const struct box *block)
{
	for (uint32_t y = block->top; y < block->bottom; y++)
		for (uint32_t x = block->left; x < block->right; x++)
			if (row_of(frame, y)[x] >> 24 != 255)
				return false;
	return true;
}

/* Makes the blocks of the picture transparent that stay as they are. Returns whether it may be
 * blended with what is shown: not when a pixel that changes is transparent itself; then nothing
 * has been done. */
static bool blank(const struct webp_animation *animation, const struct frame *frame,
	const struct box *box, WebPPicture *picture)
{
	const struct frame *shown = &animation->shown;
	for (unsigned pass = 0; pass < 2; pass++)
		for (uint32_t y = box->top; y < box->bottom; y += BLOCK)
			for (uint32_t x = box->left; x < box->right; x += BLOCK) {
				struct box block = block_at(box, x, y);
				bool staying = stays(frame, shown, &block);
				if (!pass && !staying && !is_opaque(frame, &block))
					return false;
				if (!pass || !staying)
					continue;
				for (uint32_t row = y; row < block.bottom; row++)
					memset(picture->argb +
							(size_t)(row - box->top) *
								(size_t)picture->argb_stride +
							(x - box->left),
						0, (block.right - x) * sizeof(*picture->argb));
			}
	return true;
}

static int encode(
	struct webp_animation *animation, const struct frame *frame, const struct box *box)
{
	const struct webp_library *library = animation->library;
	WebPPicture picture;
	library->picture(&picture, WEBP_ENCODER_ABI_VERSION);
	picture.use_argb = 1;
	picture.width = (int)(box->right - box->left);
	picture.height = (int)(box->bottom - box->top);
	picture.writer = library->memory_write;
	picture.custom_ptr = &animation->bytes;
	int status = 0;
	bool blend = false;
	if (!library->picture_alloc(&picture))
		return fault_memory();
	for (uint32_t y = box->top; y < box->bottom; y++)
		memcpy(picture.argb + (size_t)(y - box->top) * (size_t)picture.argb_stride,
			row_of(frame, y) + box->left,
			(size_t)picture.width * sizeof(*picture.argb));
	if (animation->count)
		blend = blank(animation, frame, box, &picture);
	library->memory_clear(&animation->bytes);
	if (!library->encode(&animation->config, &picture))
		status = webp_encoding_fault((int)picture.error_code);
	library->picture_free(&picture);
	animation->waiting =
		(WebPMuxFrameInfo){.bitstream = {animation->bytes.mem, animation->bytes.size},
			.x_offset = (int)box->left,
			.y_offset = (int)box->top,
			.id = WEBP_CHUNK_ANMF,
			.dispose_method = WEBP_MUX_DISPOSE_NONE,
			.blend_method = blend ? WEBP_MUX_BLEND : WEBP_MUX_NO_BLEND};
	return status;
}

/* The frame that waits has had its time. */
static int push_waiting(struct webp_animation *animation)
{
	animation->waiting.duration = (int)animation->duration_ms;
	if (animation->muxer->push_frame(animation->mux, &animation->waiting, 1) == WEBP_MUX_OK)
		return 0;
	return fault_memory();
}

int webp_animation_add(struct webp_animation *animation, struct frame *frame, uint32_t duration_ms)
{
	struct box box = {0, 0, frame->width, frame->height};
	if (duration_ms > TIME_MAX)
		duration_ms = TIME_MAX;
	if (animation->count) {
		box = difference(frame, &animation->shown);
		bool repeated = !box.bottom;
		if (repeated && animation->duration_ms + duration_ms <= TIME_MAX) {
			animation->duration_ms += duration_ms;
			return 0;
		}
		if (repeated)
			box = (struct box){0, 0, 1, 1};
		int status = push_waiting(animation);
		if (status)
			return status;
	}
	int status = encode(animation, frame, &box);
	struct frame other = animation->shown;
	animation->shown = *frame;
	*frame = other;
	animation->duration_ms = duration_ms;
	animation->count++;
	return status;
}

static int assemble(struct webp_animation *animation, struct output *output)
{
	const struct webp_mux_library *muxer = animation->muxer;
	WebPMuxAnimParams params = {.loop_count = (int)animation->loops};
	WebPData data = {NULL, 0};
	int status = push_waiting(animation);
	if (status)
		return status;
	if (muxer->animation(animation->mux, &params) != WEBP_MUX_OK ||
		muxer->canvas(animation->mux, (int)animation->shown.width,
			(int)animation->shown.height) != WEBP_MUX_OK ||
		muxer->assemble(animation->mux, &data) != WEBP_MUX_OK)
		return fault_memory();
	status = output_add(output, data.bytes, data.size);
	animation->library->free((void *)(uintptr_t)data.bytes);
	return status;
}

int webp_animation_finish(struct webp_animation *animation, struct output *output)
{
	if (animation->count == 1)
		return output_add(output, animation->bytes.mem, animation->bytes.size);
	return assemble(animation, output);
}

int webp_animation_new(
	const struct encoder_options *options, uint32_t loops, struct webp_animation **result)
{
	const struct webp_library *library;
	const struct webp_mux_library *muxer;
	int status = webp_library(&library);
	if (!status)
		status = webp_mux_library(&muxer);
	if (status)
		return status;
	struct webp_animation *animation = calloc(1, sizeof(*animation));
	if (!animation)
		return fault_memory();
	animation->library = library;
	animation->muxer = muxer;
	webp_encoder_config(library, options, &animation->config);
	library->memory(&animation->bytes);
	animation->loops = loops < LOOPS_MAX ? loops : LOOPS_MAX;
	animation->mux = muxer->open(WEBP_MUX_ABI_VERSION);
	if (!animation->mux) {
		webp_animation_free(animation);
		return fault_memory();
	}
	*result = animation;
	return 0;
}

void webp_animation_free(struct webp_animation *animation)
{
	if (!animation)
		return;
	animation->muxer->close(animation->mux);
	animation->library->memory_clear(&animation->bytes);
	frame_deinit(&animation->shown);
	free(animation);
}

/* SPDX-License-Identifier: MIT */
/*
 * GIF (89a §20 to §27) has neither a count of its frames nor their sizes in one place: the blocks
 * are walked through. A frame may be larger than the screen, and decoders allocate for both.
 */
#include "src/source/picture_internal.h"

/* Behind the chain of sub-blocks at `at`; 0 when it has no end. */
static uint64_t skip_blocks(struct picture_window *window, uint64_t at)
{
	while (picture_step(window)) {
		struct bytes bytes = picture_bytes(window, at, 1);
		if (bytes.size == 0)
			return 0;
		at += 1 + bytes.data[0];
		if (bytes.data[0] == 0)
			return at;
	}
	return 0;
}

static uint64_t table_size(unsigned flags)
{
	return flags & 0x80 ? (uint64_t)3 << ((flags & 7) + 1) : 0;
}

static void grow(struct picture *picture, uint64_t width, uint64_t height)
{
	if (width > picture->width)
		picture->width = width;
	if (height > picture->height)
		picture->height = height;
}

void picture_gif(struct picture_window *window, struct picture *picture)
{
	struct bytes bytes = picture_bytes(window, 0, 13);
	const uint64_t width = bytes_little(bytes, 6, 2), height = bytes_little(bytes, 8, 2);
	uint64_t at = 13 + table_size((unsigned)bytes_big(bytes, 10, 1));
	uint32_t frames = 0;
	bool cleared = false, see_through = false, painted = false;
	grow(picture, width, height);
	while (at > 0 && picture_step(window)) {
		bytes = picture_bytes(window, at, 1);
		if (bytes.size == 0)
			break;
		if (bytes.data[0] == 0x21) {
			bytes = picture_bytes(window, at, 4);
			if (bytes_have(bytes, 1, "\xf9")) {
				see_through = bytes.data[3] & 1;
				cleared = (bytes.data[3] >> 2 & 7) == 2;
				picture->alpha = picture->alpha || see_through;
			}
			at = skip_blocks(window, at + 2);
		} else if (bytes.data[0] == 0x2c) {
			bytes = picture_bytes(window, at, 10);
			if (bytes.size == 0)
				break;
			uint64_t x = bytes_little(bytes, 1, 2), y = bytes_little(bytes, 3, 2);
			uint64_t w = bytes_little(bytes, 5, 2), h = bytes_little(bytes, 7, 2);
			/* Browsers let the first frame enlarge the screen. */
			if (frames == 0)
				grow(picture, x + w, y + h);
			grow(picture, w, h);
			if (frames == 0) {
				picture->canvas = x || y || w != width || h != height;
				picture->alpha = picture->alpha || picture->canvas;
			}
			/* What was cleared is transparent in a browser, and the background's colour
			 * in libvips, unless that frame had a transparent colour. */
			bool covers = x == 0 && y == 0 && w >= width && h >= height && !see_through;
			if (painted && !covers)
				picture->plain = false;
			painted = cleared && !see_through;
			cleared = see_through = false;
			frames++;
			at = skip_blocks(window, at + 10 + table_size(bytes.data[9]) + 1);
		} else if (bytes.data[0] == 0) {
			/* Encoders leave a superfluous end behind a block; decoders skip it. */
			at++;
		} else {
			break;
		}
	}
	picture->frames = frames ? frames : 1;
	/* Within a block; that only the trailer is missing harms nothing. */
	picture->cut = at == 0 && window->reads > 0 && window->steps > 0;
}

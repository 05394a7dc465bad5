/* SPDX-License-Identifier: MIT */
/* PNG and WebP: chunks that can be stepped over. Both may have their EXIF behind the pixels. */
#include "src/source/picture_internal.h"

static uint64_t cap(uint64_t frames)
{
	return frames > UINT32_MAX ? UINT32_MAX : frames;
}

void picture_png(struct picture_window *window, struct picture *picture)
{
	uint64_t at = 8;
	bool pixels = false;
	while (picture_step(window)) {
		struct bytes bytes = picture_bytes(window, at, 8);
		if (bytes.size == 0 || bytes_have(bytes, 4, "IEND"))
			return;
		uint64_t size = bytes_big(bytes, 0, 4);
		if (size > INT32_MAX)
			return;
		if (bytes_have(bytes, 4, "IHDR")) {
			bytes = picture_bytes(window, at + 8, 13);
			/* Colour type: 4 and 6 have alpha (PNG §11.2.2). */
			picture->alpha = bytes_big(bytes, 9, 1) & 4;
		} else if (bytes_have(bytes, 4, "tRNS")) {
			picture->alpha = true;
		} else if (bytes_have(bytes, 4, "iCCP")) {
			/* Compressed; libpng itself looks whether it is one and fits. */
			picture->profile = true;
		} else if (bytes_have(bytes, 4, "eXIf")) {
			picture_exif(window, at + 8, size, picture);
		} else if (bytes_have(bytes, 4, "acTL") && !pixels && size >= 8) {
			uint64_t frames = bytes_big(picture_bytes(window, at + 8, 4), 0, 4);
			picture->frames = (uint32_t)(frames ? frames : 1);
			/* Only its first picture is read alike everywhere. */
			picture->plain = picture->frames == 1;
		} else if (bytes_have(bytes, 4, "IDAT")) {
			pixels = true;
		}
		at += 12 + size;
	}
}

/* The sides of a frame within ANMF, less one each. */
static void grow(struct picture *picture, struct bytes bytes, size_t at)
{
	uint64_t width = bytes_little(bytes, at, 3) + 1,
		 height = bytes_little(bytes, at + 3, 3) + 1;
	if (width > picture->width)
		picture->width = width;
	if (height > picture->height)
		picture->height = height;
}

void picture_webp(struct picture_window *window, struct picture *picture)
{
	uint64_t at = 12, frames = 0;
	uint64_t end = 8 + bytes_little(picture_bytes(window, 4, 4), 0, 4);
	while (picture_step(window) && at < end) {
		struct bytes bytes = picture_bytes(window, at, 8);
		if (bytes.size == 0)
			break;
		uint64_t size = bytes_little(bytes, 4, 4);
		if (bytes_have(bytes, 0, "VP8X")) {
			bytes = picture_bytes(window, at + 8, 10);
			picture->alpha = bytes_little(bytes, 0, 1) & 0x10;
			grow(picture, bytes, 4);
		} else if (bytes_have(bytes, 0, "VP8L")) {
			picture->alpha =
				picture->alpha ||
				(bytes_little(picture_bytes(window, at + 8, 5), 1, 4) >> 28 & 1);
		} else if (bytes_have(bytes, 0, "ALPH")) {
			picture->alpha = true;
		} else if (bytes_have(bytes, 0, "ICCP")) {
			picture->profile = picture_profile(window, at + 8, size, "RGB ");
		} else if (bytes_have(bytes, 0, "EXIF")) {
			picture_exif(window, at + 8, size, picture);
		} else if (bytes_have(bytes, 0, "ANMF")) {
			bytes = picture_bytes(window, at + 8, 16);
			if (frames == 0)
				picture->canvas = bytes_little(bytes, 0, 6) != 0 ||
						  bytes_little(bytes, 6, 3) + 1 != picture->width ||
						  bytes_little(bytes, 9, 3) + 1 != picture->height;
			grow(picture, bytes, 6);
			frames++;
		}
		at += 8 + size + (size & 1);
	}
	picture->cut = window->reads > 0 && picture_bytes(window, end - 1, 1).size == 0;
	if (frames > 0)
		picture->frames = (uint32_t)cap(frames);
}

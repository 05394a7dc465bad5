/* SPDX-License-Identifier: MIT */
/*
 * Decoders disagree about what stands beside the pixels: ImageMagick 6 does not see the orientation
 * of a PNG or WebP, and believes a profile that every browser ignores. So these are read here, and
 * a recipe passes on what the decoder does not know. One window moves over the file; every loop
 * counts its steps, and every position comes from a sum of checked 32-bit numbers.
 */
#include "src/source/picture_internal.h"

struct picture picture_look(enum media_type type, const struct picture_reader *reader)
{
	struct picture picture = {.orientation = 1, .frames = 1, .plain = true};
	struct picture_window window = {
		.reader = reader, .step = 256, .reads = PICTURE_READS, .steps = PICTURE_STEPS};
	switch (type) {
	case MEDIA_JPEG:
		picture_jpeg(&window, &picture);
		break;
	case MEDIA_PNG:
		picture_png(&window, &picture);
		break;
	case MEDIA_WEBP:
		picture_webp(&window, &picture);
		break;
	case MEDIA_GIF:
		window.step = PICTURE_WINDOW;
		picture_gif(&window, &picture);
		break;
	case MEDIA_TIFF:
		picture_tiff(&window, &picture);
		break;
	case MEDIA_AVIF:
	case MEDIA_HEIC:
		picture_boxes(&window, &picture);
		break;
	case MEDIA_BMP:
		break;
	default:
		return (struct picture){.plain = true};
	}
	return picture;
}

const char *picture_orientation_name(unsigned orientation)
{
	static const char *const names[] = {NULL, "TopLeft", "TopRight", "BottomRight",
		"BottomLeft", "LeftTop", "RightTop", "RightBottom", "LeftBottom"};
	return orientation < sizeof names / sizeof *names ? names[orientation] : NULL;
}

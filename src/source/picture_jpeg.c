/* SPDX-License-Identifier: MIT */
/* APP1 says how the camera was held, APP2 holds the profile in pieces (ICC.1 annex B.4), and the
 * number of components says which profile can be meant. */
#include "src/source/picture_internal.h"

void picture_jpeg(struct picture_window *window, struct picture *picture)
{
	uint64_t at = 2, profile_at = 0, profile_size = 0, components = 0;
	bool exif = false;
	window->step = 4096;
	while (picture_step(window)) {
		struct bytes bytes = picture_bytes(window, at, 4);
		if (bytes.size == 0)
			break;
		unsigned marker = bytes.data[1];
		if (bytes.data[0] != 0xff || marker == 0xff) {
			at++;
			continue;
		}
		if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
			at += 2;
			continue;
		}
		if (marker == 0xd9 || marker == 0xda)
			break;
		uint64_t size = bytes_big(bytes, 2, 2);
		bytes = picture_bytes(window, at + 4, 14);
		if (marker == 0xe1 && !exif && size > 16 && bytes_have(bytes, 0, "Exif\0")) {
			exif = true;
			picture_exif(window, at + 4, size - 2, picture);
		} else if (marker == 0xe2 && size > 16 && bytes_have(bytes, 0, "ICC_PROFILE\0")) {
			if (bytes.data[12] == 1)
				profile_at = at + 18;
			profile_size += size - 16;
		} else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
			   marker != 0xcc) {
			components = bytes_big(bytes, 5, 1);
		}
		at += 2 + size;
	}
	const char *space = components == 1 ? "GRAY" : components == 4 ? "CMYK" : "RGB ";
	picture->profile = profile_at && picture_profile(window, profile_at, profile_size, space);
}

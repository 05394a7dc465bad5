/* SPDX-License-Identifier: MIT */
/* HEIC and AVIF: properties of all items stand in one box (`ipco`), so that a look at its list is
 * enough: `auxC` says that there is a plane of alpha, `colr` may hold a profile. */
#include "src/source/picture_internal.h"

/* The body of the box at `at` (with a size of 32 bits); returns where the next begins, 0: nowhere.
 */
static uint64_t read_box(struct picture_window *window, uint64_t at, uint64_t end, char type[4])
{
	struct bytes bytes = picture_bytes(window, at, 8);
	uint64_t size = bytes_big(bytes, 0, 4);
	if (bytes.size < 8 || size < 8 || size > end - at)
		return 0;
	for (unsigned i = 0; i < 4; i++)
		type[i] = (char)bytes.data[4 + i];
	return at + size;
}

/* Sets *at and *end to what is in the first box of this type among those between them. */
static bool enter(struct picture_window *window, const char *name, uint64_t *at, uint64_t *end)
{
	char type[4];
	for (uint64_t box = *at, next; box < *end && picture_step(window); box = next) {
		next = read_box(window, box, *end, type);
		if (next == 0)
			return false;
		if (bytes_are((struct bytes){(const unsigned char *)type, 4}, 0, name, 4)) {
			*at = box + 8;
			*end = next;
			return true;
		}
	}
	return false;
}

/* Other auxiliary planes hold depths, or gains for a brighter screen. */
static bool is_alpha(struct bytes kind)
{
	return bytes_have(kind, 0, "urn:mpeg:hevc:2015:auxid:1") ||
	       bytes_have(kind, 0, "urn:mpeg:mpegB:cicp:systems");
}

void picture_boxes(struct picture_window *window, struct picture *picture)
{
	uint64_t at = 0, end = UINT32_MAX;
	char type[4];
	if (!enter(window, "meta", &at, &end))
		return;
	at += 4;
	if (!enter(window, "iprp", &at, &end) || !enter(window, "ipco", &at, &end))
		return;
	for (uint64_t next; at < end && picture_step(window); at = next) {
		next = read_box(window, at, end, type);
		if (next == 0)
			return;
		const struct bytes name = {(const unsigned char *)type, 4};
		struct bytes body = picture_bytes(window, at + 8, 4);
		if (bytes_have(name, 0, "auxC") && next - at >= 40)
			picture->alpha =
				picture->alpha || is_alpha(picture_bytes(window, at + 12, 28));
		else if (bytes_have(name, 0, "colr") && bytes_have(body, 0, "prof"))
			picture->profile = picture_profile(window, at + 12, next - at - 12, "RGB ");
	}
}

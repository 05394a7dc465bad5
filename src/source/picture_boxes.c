/* SPDX-License-Identifier: MIT */
/* HEIC and AVIF: properties of all items stand in one box (`ipco`), so that a look at its list is
 * enough: `auxC` says that there is a plane of alpha, `colr` may hold a profile. libheif 1.15 shows
 * two rare kinds in other colours without a word: grey in the narrow range of films, and colours
 * that were multiplied with their alpha (`prem`). */
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

/* What the properties say together. */
struct properties {
	bool narrow;	    /* black is 16 */
	bool grey, colours; /* a coded picture that is so; an alpha plane counts as grey */
};

static void read_property(struct picture_window *window, struct bytes name, uint64_t at,
	uint64_t size, struct properties *properties, struct picture *picture)
{
	struct bytes body = picture_bytes(window, at, 4);
	bool is_av1 = bytes_have(name, 0, "av1C"), is_hevc = bytes_have(name, 0, "hvcC");
	if (bytes_have(name, 0, "auxC") && size >= 32) {
		picture->alpha = picture->alpha || is_alpha(picture_bytes(window, at + 4, 28));
	} else if (bytes_have(name, 0, "colr") && bytes_have(body, 0, "prof")) {
		picture->profile = picture_profile(window, at + 4, size - 4, "RGB ");
	} else if (bytes_have(name, 0, "colr") && bytes_have(body, 0, "nclx") && size >= 11) {
		if (!(bytes_big(picture_bytes(window, at + 10, 1), 0, 1) & 0x80))
			properties->narrow = true;
	} else if ((is_av1 && size >= 4) || (is_hevc && size >= 17)) {
		bool grey = is_av1 ? bytes_big(body, 2, 1) & 0x10
				   : !(bytes_big(picture_bytes(window, at + 16, 1), 0, 1) & 3);
		properties->grey = properties->grey || grey;
		properties->colours = properties->colours || !grey;
	}
}

void picture_boxes(struct picture_window *window, struct picture *picture)
{
	uint64_t at = 0, end = UINT32_MAX;
	char type[4];
	if (!enter(window, "meta", &at, &end))
		return;
	at += 4;
	uint64_t reference = at, references = end;
	if (enter(window, "iref", &reference, &references)) {
		uint64_t first = reference + 4;
		if (enter(window, "prem", &first, &references))
			picture->plain = false;
	}
	if (!enter(window, "iprp", &at, &end) || !enter(window, "ipco", &at, &end))
		return;
	struct properties properties = {false, false, false};
	for (uint64_t next; at < end && picture_step(window); at = next) {
		next = read_box(window, at, end, type);
		if (next == 0)
			break;
		read_property(window, (struct bytes){(const unsigned char *)type, 4}, at + 8,
			next - at - 8, &properties, picture);
	}
	if (properties.narrow && properties.grey && !properties.colours)
		picture->plain = false;
}

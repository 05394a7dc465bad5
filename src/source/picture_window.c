/* SPDX-License-Identifier: MIT */
/* A window over the file, and the two things that several formats embed: EXIF and profiles. Reads
 * and steps are counted, and every position is a sum of numbers of at most 32 bits, or is checked.
 */
#include "src/source/picture_internal.h"

struct bytes picture_bytes(struct picture_window *window, uint64_t at, size_t size)
{
	const struct bytes none = {window->bytes, 0};
	if (at >= window->at && at - window->at <= window->have &&
		size <= window->have - (size_t)(at - window->at))
		return (struct bytes){window->bytes + (at - window->at),
			window->have - (size_t)(at - window->at)};
	if (size > PICTURE_WINDOW || at > INT64_MAX || window->reads == 0)
		return none;
	window->reads--;
	window->at = at;
	window->have = window->reader->read(
		window->reader->data, at, window->bytes, size > window->step ? size : window->step);
	return window->have < size ? none : (struct bytes){window->bytes, window->have};
}

bool picture_step(struct picture_window *window)
{
	return window->steps > 0 && window->steps-- > 0;
}

/* IFD0 of a TIFF within: tag 274 (EXIF 2.32 §4.6.4). */
void picture_exif(
	struct picture_window *window, uint64_t at, uint64_t size, struct picture *picture)
{
	struct bytes head = bytes_cut(picture_bytes(window, at, 14), 0, 14);
	unsigned prefix = bytes_have(head, 0, "Exif\0\0") ? 6 : 0;
	bool little = bytes_have(head, prefix, "II*\0");
	if (size < prefix + 8u || (!little && !bytes_have(head, prefix, "MM\0*")))
		return;
	uint64_t (*get)(struct bytes, size_t, unsigned) = little ? bytes_little : bytes_big;
	uint64_t directory = prefix + get(head, prefix + 4, 4);
	if (directory + 2 > size)
		return;
	uint64_t count = get(picture_bytes(window, at + directory, 2), 0, 2);
	for (uint64_t i = 0; i < count && picture_step(window); i++) {
		uint64_t entry = directory + 2 + 12 * i;
		if (entry + 12 > size)
			return;
		struct bytes bytes = picture_bytes(window, at + entry, 12);
		if (bytes.size == 0)
			return;
		if (get(bytes, 0, 2) != 274)
			continue;
		uint64_t value = get(bytes, 8, get(bytes, 2, 2) == 4 ? 4 : 2);
		if (value >= 1 && value <= 8)
			picture->orientation = (unsigned)value;
		return;
	}
}

/* The header of a profile (ICC.1 §7.2). Decoders fail over what is no profile, or take CMYK for
 * RGB; browsers ignore such a one. */
bool picture_profile(struct picture_window *window, uint64_t at, uint64_t size, const char *space)
{
	struct bytes head = picture_bytes(window, at, 132);
	uint64_t said = bytes_big(head, 0, 4), tags = bytes_big(head, 128, 4);
	return head.size >= 132 && said >= 132 && said <= size && tags >= 1 && tags <= 1024 &&
	       bytes_have(head, 36, "acsp") && bytes_are(head, 16, space, 4);
}

/* SPDX-License-Identifier: MIT */
/*
 * A converter chooses its decoder by what it is told or by a name; the decision which decoder may
 * be chosen is made here, from the content. From the certain to the vague: signatures, then frames
 * that repeat, then text.
 */
#include "src/source/sniff.h"
#include "src/source/sniff_bytes.h"

struct sniff sniff(const unsigned char *data, size_t size)
{
	static bool (*const kinds[])(struct bytes, struct sniff *) = {
		sniff_picture,
		sniff_jxl,
		sniff_boxes,
		sniff_container,
		sniff_svg,
		sniff_stream,
		sniff_text,
	};
	const struct bytes bytes = {data, size};
	for (size_t i = 0; size > 0 && i < sizeof kinds / sizeof *kinds; i++) {
		struct sniff result = {.type = MEDIA_UNKNOWN};
		if (kinds[i](bytes, &result))
			return result;
	}
	return (struct sniff){.type = MEDIA_UNKNOWN};
}

void sniff_more(struct sniff *sniff, const unsigned char *data, size_t size)
{
	const struct bytes bytes = {data, size};
	if (sniff->type == MEDIA_JPEG)
		sniff_jpeg_markers(bytes, sniff->more_at, sniff);
	else if (sniff->type == MEDIA_TIFF)
		sniff_tiff_directory(bytes, sniff);
	else
		sniff->more_at = 0;
}

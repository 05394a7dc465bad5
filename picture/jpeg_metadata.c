/* SPDX-License-Identifier: MIT */
/*
 * Only APP1 (EXIF) and APP2 (ICC) are kept; the library itself reads APP0 and APP14, which tell
 * what the components mean.
 */
#include "picture/jpeg_metadata.h"

#include <stdlib.h>
#include <string.h>

#include "picture/decoder.h"

static const uint8_t EXIF[6] = "Exif\0";

void jpeg_metadata_ask(struct jpeg_decompress_struct *info)
{
	jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
	jpeg_save_markers(info, JPEG_APP0 + 2, 0xffff);
}

int jpeg_metadata_read(struct jpeg_decompress_struct *info, struct jpeg_metadata *metadata)
{
	metadata->orientation = 1;
	for (const struct jpeg_marker_struct *marker = info->marker_list; marker;
		marker = marker->next)
		if (marker->marker == JPEG_APP0 + 1 && marker->data_length > sizeof(EXIF) &&
			!memcmp(marker->data, EXIF, sizeof(EXIF))) {
			metadata->orientation = decoder_exif_orientation(
				marker->data + sizeof(EXIF), marker->data_length - sizeof(EXIF));
			break;
		}
	unsigned length = 0;
	JOCTET *profile = NULL;
	if (jpeg_read_icc_profile(info, &profile, &length)) {
		metadata->profile = profile;
		metadata->profile_length = length;
	}
	/* Adobe's programs write CMYK and YCCK inverted; libjpeg hands out what the file says. */
	metadata->inverted =
		(info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK) &&
		info->saw_Adobe_marker;
	return 0;
}

void jpeg_metadata_deinit(struct jpeg_metadata *metadata)
{
	free(metadata->profile);
	*metadata = (struct jpeg_metadata){0};
}

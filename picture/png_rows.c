/* SPDX-License-Identifier: MIT */
/*
 * Most pixels are bytes that come as they are stored; for them there is a quicker way than libpng.
 */
#include "picture/png_rows.h"

#include "picture/png_general.h"
#include "picture/png_quick.h"
#include "picture/png_stream.h"

int png_rows_push(struct png_file *file, const struct png_picture *picture, struct stage *target)
{
	struct png_stream stream = {.file = file, .at = picture->data, .frame = picture->frame};
	if (picture->frame)
		stream.sequence = *picture->sequence;
	int status = png_quick_can(file, picture) ? png_quick_push(&stream, picture, target)
						  : png_general_push(&stream, picture, target);
	if (picture->frame)
		*picture->sequence = stream.sequence;
	return status;
}

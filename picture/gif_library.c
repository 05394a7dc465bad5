/* SPDX-License-Identifier: MIT */
#include "picture/gif_library.h"

#include "picture/library.h"

static struct gif_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct gif_library, member, function)

static const struct library_function functions[] = {
	ROW(open, DGifOpen),
	ROW(close, DGifCloseFile),
	ROW(record_type, DGifGetRecordType),
	ROW(extension, DGifGetExtension),
	ROW(extension_next, DGifGetExtensionNext),
	ROW(control_block, DGifExtensionToGCB),
	ROW(image, DGifGetImageDesc),
	ROW(line, DGifGetLine),
	ROW(code, DGifGetCode),
	ROW(code_next, DGifGetCodeNext),
	ROW(error_text, GifErrorString),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_GIF_LIBRARY, .kind = "gif", .functions = functions, .table = &table};

int gif_library(const struct gif_library **result)
{
	*result = &table;
	return library_open(&library);
}

/* SPDX-License-Identifier: MIT */
/* The functions of giflib that this program uses. */
#ifndef PICTURE_GIF_LIBRARY_H
#define PICTURE_GIF_LIBRARY_H

#include <gif_lib.h>

/* Each has the type of the function in giflib's header. */
struct gif_library {
	__typeof__(&DGifOpen) open;
	__typeof__(&DGifCloseFile) close;
	__typeof__(&DGifGetRecordType) record_type;
	__typeof__(&DGifGetExtension) extension;
	__typeof__(&DGifGetExtensionNext) extension_next;
	__typeof__(&DGifExtensionToGCB) control_block;
	__typeof__(&DGifGetImageDesc) image;
	__typeof__(&DGifGetLine) line;
	__typeof__(&DGifGetCode) code;
	__typeof__(&DGifGetCodeNext) code_next;
	__typeof__(&GifErrorString) error_text;
};

/* Loads the library. Returns 0 or a fault. */
int gif_library(const struct gif_library **library);

#endif

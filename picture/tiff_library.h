/* SPDX-License-Identifier: MIT */
/* The functions of libtiff that this program uses. */
#ifndef PICTURE_TIFF_LIBRARY_H
#define PICTURE_TIFF_LIBRARY_H

#include <stdint.h>
#include <stdio.h>
#include <tiffio.h>

/* Each has the type of the function in libtiff's header. */
struct tiff_library {
	__typeof__(&TIFFOpenOptionsAlloc) options_alloc;
	__typeof__(&TIFFOpenOptionsFree) options_free;
	__typeof__(&TIFFOpenOptionsSetMaxSingleMemAlloc) options_memory;
	__typeof__(&TIFFOpenOptionsSetErrorHandlerExtR) options_errors;
	__typeof__(&TIFFOpenOptionsSetWarningHandlerExtR) options_warnings;
	__typeof__(&TIFFClientOpenExt) open;
	__typeof__(&TIFFClose) close;
	__typeof__(&TIFFGetField) get;
	__typeof__(&TIFFGetFieldDefaulted) get_defaulted;
	__typeof__(&TIFFSetField) set;
	__typeof__(&TIFFIsCODECConfigured) has_codec;
	__typeof__(&TIFFIsTiled) is_tiled;
	__typeof__(&TIFFReadDirectory) next_directory;
	__typeof__(&TIFFSetDirectory) set_directory;
	__typeof__(&TIFFSetSubDirectory) set_sub_directory;
	__typeof__(&TIFFScanlineSize64) row_size;
	__typeof__(&TIFFTileSize64) tile_size;
	__typeof__(&TIFFTileRowSize64) tile_row_size;
	__typeof__(&TIFFComputeTile) tile_number;
	__typeof__(&TIFFReadScanline) read_row;
	__typeof__(&TIFFReadEncodedTile) read_tile;
	__typeof__(&TIFFReadRGBAStripExt) read_rgba_strip;
	__typeof__(&TIFFReadRGBATileExt) read_rgba_tile;
	__typeof__(&TIFFRGBAImageOK) rgba_fine;
};

/* Loads the library. Returns 0 or a fault. */
int tiff_library(const struct tiff_library **library);

#endif

/* SPDX-License-Identifier: MIT */
#include "picture/tiff_library.h"

#include "picture/library.h"

static struct tiff_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct tiff_library, member, function)

static const struct library_function functions[] = {
	ROW(options_alloc, TIFFOpenOptionsAlloc),
	ROW(options_free, TIFFOpenOptionsFree),
	ROW(options_memory, TIFFOpenOptionsSetMaxSingleMemAlloc),
	ROW(options_errors, TIFFOpenOptionsSetErrorHandlerExtR),
	ROW(options_warnings, TIFFOpenOptionsSetWarningHandlerExtR),
	ROW(open, TIFFClientOpenExt),
	ROW(close, TIFFClose),
	ROW(get, TIFFGetField),
	ROW(get_defaulted, TIFFGetFieldDefaulted),
	ROW(set, TIFFSetField),
	ROW(has_codec, TIFFIsCODECConfigured),
	ROW(is_tiled, TIFFIsTiled),
	ROW(next_directory, TIFFReadDirectory),
	ROW(set_directory, TIFFSetDirectory),
	ROW(set_sub_directory, TIFFSetSubDirectory),
	ROW(row_size, TIFFScanlineSize64),
	ROW(tile_size, TIFFTileSize64),
	ROW(tile_row_size, TIFFTileRowSize64),
	ROW(tile_number, TIFFComputeTile),
	ROW(read_row, TIFFReadScanline),
	ROW(read_tile, TIFFReadEncodedTile),
	ROW(read_rgba_strip, TIFFReadRGBAStripExt),
	ROW(read_rgba_tile, TIFFReadRGBATileExt),
	ROW(rgba_fine, TIFFRGBAImageOK),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_TIFF_LIBRARY, .kind = "tiff", .functions = functions, .table = &table};

int tiff_library(const struct tiff_library **result)
{
	*result = &table;
	return library_open(&library);
}

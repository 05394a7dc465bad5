/* SPDX-License-Identifier: MIT */
/*
 * A strip that libtiff converts is a tile as wide as the picture. What libtiff converts lies upside
 * down.
 */
#include "picture/tiff_tiles.h"

#include <stdlib.h>

#include "picture/fault.h"
#include "picture/tiff_rows.h"
#include "picture/tiff_samples.h"

struct tiles {
	struct tiff_source *source;
	const struct tiff_page *page;
	const struct tiff_part *part;
	struct tiff_samples samples;
	unsigned planes;
	uint8_t *buffers[TIFF_CHANNELS_MAX]; /* one tile, of each plane */
	size_t size, row_size;		     /* of it */
	uint8_t *band;			     /* the rows that a row of tiles gives */
	size_t pixel;			     /* bytes of one in the band */
};

static int allocate(struct tiles *tiles)
{
	const struct tiff_page *page = tiles->page;
	const struct tiff_library *library = tiles->source->library;
	int status = tiff_samples_init(&tiles->samples, page, page->tile_width);
	if (status)
		return status;
	uint64_t pixels = (uint64_t)page->tile_width * page->tile_height;
	uint64_t size = pixels * 4, row_size = (uint64_t)page->tile_width * 4;
	tiles->planes = page->rgba ? 1 : tiff_samples_planes(page);
	tiles->pixel = (size_t)tiles->samples.channels * (tiff_page_is_wide(page) ? 2 : 1);
	if (!page->rgba) {
		uint64_t bits = (uint64_t)page->tile_width * page->bits *
				(page->separate ? 1 : page->samples);
		size = library->tile_size(tiles->source->file);
		row_size = library->tile_row_size(tiles->source->file);
		if (row_size < (bits + 7) / 8 || size / page->tile_height < row_size)
			return fault(FAULT_BROKEN, "tiff: tiles are smaller than they must be");
	}
	if (size > PTRDIFF_MAX / 2)
		return fault_memory();
	tiles->size = (size_t)size;
	tiles->row_size = (size_t)row_size;
	for (unsigned plane = 0; plane < tiles->planes; plane++) {
		tiles->buffers[plane] = calloc(1, tiles->size);
		if (!tiles->buffers[plane])
			return fault_memory();
	}
	uint64_t band = (uint64_t)(tiles->part->right - tiles->part->left) * page->tile_height;
	tiles->band = band > PTRDIFF_MAX / 16 ? NULL : malloc((size_t)band * tiles->pixel);
	return tiles->band ? 0 : fault_memory();
}

static int failed(const struct tiles *tiles, uint32_t x, uint32_t y)
{
	int status = tiff_source_check(tiles->source);
	return status ? status
		      : fault(FAULT_BROKEN, "tiff: the part at %u,%u cannot be read", x, y);
}

/* Reads the samples of the tile at (x, y). */
static int read_samples(struct tiles *tiles, uint32_t x, uint32_t y)
{
	const struct tiff_library *library = tiles->source->library;
	for (unsigned plane = 0; plane < tiles->planes; plane++) {
		uint16_t sample =
			tiles->page->separate ? tiff_samples_source(tiles->page, plane) : 0;
		uint32_t number = library->tile_number(tiles->source->file, x, y, 0, sample);
		tmsize_t got = library->read_tile(
			tiles->source->file, number, tiles->buffers[plane], (tmsize_t)tiles->size);
		if (got != (tmsize_t)tiles->size || tiles->source->errors)
			return failed(tiles, x, y);
	}
	return 0;
}

/* Lets libtiff convert it. */
static int read_rgba(struct tiles *tiles, uint32_t x, uint32_t y)
{
	const struct tiff_library *library = tiles->source->library;
	uint32_t *raster = (uint32_t *)(void *)tiles->buffers[0];
	int fine = tiles->page->tiled
			   ? library->read_rgba_tile(tiles->source->file, x, y, raster, 1)
			   : library->read_rgba_strip(tiles->source->file, y, raster, 1);
	return fine && !tiles->source->errors ? 0 : failed(tiles, x, y);
}

/* Converts one row of the tile that was read; `rows` of the tile belong to the picture. */
static void convert(
	const struct tiles *tiles, uint32_t row, uint32_t rows, size_t count, uint8_t *out)
{
	const struct tiff_page *page = tiles->page;
	if (!page->rgba) {
		const uint8_t *planes[TIFF_CHANNELS_MAX];
		for (unsigned plane = 0; plane < tiles->planes; plane++)
			planes[plane] = tiles->buffers[plane] + tiles->row_size * row;
		tiff_samples_convert(&tiles->samples, planes, count, out);
		return;
	}
	uint32_t last = page->tiled ? page->tile_height : rows;
	const uint32_t *raster = (const uint32_t *)(const void *)tiles->buffers[0] +
				 (size_t)(last - 1 - row) * page->tile_width;
	for (size_t at = 0; at < count; at++, out += 3) {
		out[0] = (uint8_t)TIFFGetR(raster[at]);
		out[1] = (uint8_t)TIFFGetG(raster[at]);
		out[2] = (uint8_t)TIFFGetB(raster[at]);
	}
}

/* Fills the band with the tiles at y. */
static int read_band(struct tiles *tiles, uint32_t y, uint32_t rows)
{
	const struct tiff_page *page = tiles->page;
	const struct tiff_part *part = tiles->part;
	size_t stride = (size_t)(part->right - part->left) * tiles->pixel;
	for (uint32_t x = part->left; x < part->right;) {
		uint32_t count =
			part->right - x < page->tile_width ? part->right - x : page->tile_width;
		int status = page->rgba ? read_rgba(tiles, x, y) : read_samples(tiles, x, y);
		if (status)
			return status;
		for (uint32_t row = 0; row < rows; row++)
			convert(tiles, row, rows, count,
				tiles->band + stride * row + (x - part->left) * tiles->pixel);
		x += count;
	}
	return 0;
}

static int push(struct tiles *tiles, struct stage *stage)
{
	const struct tiff_part *part = tiles->part;
	size_t stride = (size_t)(part->right - part->left) * tiles->pixel;
	for (uint32_t y = part->top; y < part->bottom;) {
		uint32_t rows = part->bottom - y < tiles->page->tile_height
					? part->bottom - y
					: tiles->page->tile_height;
		int status = read_band(tiles, y, rows);
		for (uint32_t row = 0; row < rows && !status; row++)
			status = stage_row(stage, tiles->band + stride * row);
		if (status)
			return status;
		y += rows;
	}
	return 0;
}

int tiff_tiles_push(struct tiff_source *source, const struct tiff_page *page,
	const struct tiff_part *part, struct stage *stage)
{
	struct tiles tiles = {.source = source, .page = page, .part = part};
	if (page->rgba)
		source->library->set(source->file, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
	int status = allocate(&tiles);
	if (!status)
		status = push(&tiles, stage);
	tiff_samples_deinit(&tiles.samples);
	for (unsigned plane = 0; plane < TIFF_CHANNELS_MAX; plane++)
		free(tiles.buffers[plane]);
	free(tiles.band);
	return status;
}

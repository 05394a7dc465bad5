/* SPDX-License-Identifier: MIT */
/*
 * Strips are read row by row, tiles a row of tiles at a time. Where each sample has a plane of its
 * own, the planes lie behind each other in the file; so the file is opened once for each of them,
 * and all are read beside each other.
 */
#include "picture/tiff_rows.h"

#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/tiff_samples.h"
#include "picture/tiff_tiles.h"

struct strips {
	struct tiff_source *sources[TIFF_CHANNELS_MAX];
	struct tiff_source more[TIFF_CHANNELS_MAX];
	uint8_t *buffers[TIFF_CHANNELS_MAX];
	unsigned planes;
	uint8_t *row;
	struct tiff_samples samples;
};

int tiff_place_go(struct tiff_source *source, const struct tiff_place *place)
{
	int fine = source->library->set_directory(source->file, place->number);
	if (fine && place->sub)
		fine = source->library->set_sub_directory(source->file, place->sub);
	return fine ? 0 : fault(FAULT_BROKEN, "tiff: a page cannot be read");
}

static int open_plane(struct strips *strips, unsigned plane, const struct decoder_limits *limits,
	const struct tiff_place *place)
{
	struct tiff_source *source = &strips->more[plane];
	struct tiff_page ignored;
	int status = tiff_source_open(source, strips->sources[0]->input, limits->pixels);
	strips->sources[plane] = source;
	if (!status)
		status = tiff_place_go(source, place);
	if (!status)
		status = tiff_page_read(source, limits, &ignored);
	tiff_source_forgive(source);
	return status;
}

static int prepare_strips(struct strips *strips, const struct decoder_limits *limits,
	const struct tiff_place *place, const struct tiff_page *page)
{
	uint64_t needs = (uint64_t)page->width * page->bits * (page->separate ? 1 : page->samples);
	needs = (needs + 7) / 8;
	int status = tiff_samples_init(&strips->samples, page, page->width);
	strips->planes = tiff_samples_planes(page);
	for (unsigned plane = 0; plane < strips->planes && !status; plane++) {
		if (plane)
			status = open_plane(strips, plane, limits, place);
		if (status)
			break;
		uint64_t size =
			strips->sources[plane]->library->row_size(strips->sources[plane]->file);
		if (size < needs)
			status = fault(FAULT_BROKEN, "tiff: rows are shorter than they must be");
		else if (size > PTRDIFF_MAX / 2)
			status = fault_memory();
		else if (!(strips->buffers[plane] = calloc(1, (size_t)size)))
			status = fault_memory();
	}
	strips->row = malloc(
		(size_t)page->width * strips->samples.channels * (tiff_page_is_wide(page) ? 2 : 1));
	return status || strips->row ? status : fault_memory();
}

static int push_strips(struct strips *strips, const struct tiff_page *page,
	const struct tiff_part *part, struct stage *stage)
{
	for (uint32_t row = part->top; row < part->bottom; row++) {
		for (unsigned plane = 0; plane < strips->planes; plane++) {
			struct tiff_source *source = strips->sources[plane];
			int done = source->library->read_row(source->file, strips->buffers[plane],
				row, page->separate ? tiff_samples_source(page, plane) : 0);
			int status = tiff_source_check(source);
			if (status || done != 1)
				return status ? status
					      : fault(FAULT_BROKEN, "tiff: row %u cannot be read",
							row);
		}
		tiff_samples_convert(&strips->samples, (const uint8_t *const *)strips->buffers,
			page->width, strips->row);
		int status = stage_row(stage, strips->row);
		if (status)
			return status;
	}
	return 0;
}

int tiff_rows_push(struct tiff_source *source, const struct decoder_limits *limits,
	const struct tiff_place *place, const struct tiff_page *page, const struct tiff_part *part,
	struct stage *stage)
{
	tiff_source_forgive(source);
	int status = tiff_source_check(source);
	if (status)
		return status;
	if (page->tiled || page->rgba)
		return tiff_tiles_push(source, page, part, stage);
	struct strips strips = {.sources = {source}};
	status = prepare_strips(&strips, limits, place, page);
	if (!status)
		status = push_strips(&strips, page, part, stage);
	for (unsigned plane = 0; plane < TIFF_CHANNELS_MAX; plane++) {
		tiff_source_close(&strips.more[plane]);
		free(strips.buffers[plane]);
	}
	tiff_samples_deinit(&strips.samples);
	free(strips.row);
	return status;
}

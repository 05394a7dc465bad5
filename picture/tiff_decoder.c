/* SPDX-License-Identifier: MIT */
/*
 * Only what counts is read: of a pyramid the level that is large enough, of a crop the tiles or
 * strips that it touches. What is kept is a row, or a row of tiles, and what libtiff keeps: the
 * compressed bytes of one strip or tile.
 */
#include "picture/tiff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/tiff_page.h"
#include "picture/tiff_pyramid.h"
#include "picture/tiff_rows.h"

/* How much larger than the result a level of a pyramid is at least. */
static const double MARGIN = 1.5;

struct tiff_decoder {
	struct decoder decoder;
	struct tiff_source source;
	struct decoder_limits limits;
	struct tiff_page first, page; /* the first one, and the one that is read */
	struct tiff_place place;
	struct tiff_part part;
	uint8_t *profile;
};

/* Widens from..to to whole tiles of `side`, and cuts it at `end`. */
static void widen(
	double from, double to, uint32_t side, uint32_t end, uint32_t *first, uint32_t *last)
{
	double low = floor(from / side) * side;
	double high = ceil(to / side) * side;
	*first = low > 0 && low < end ? (uint32_t)low : 0;
	*last = high > *first && high < end ? (uint32_t)high : end;
}

/* The part of the page that is read. */
static void choose_part(struct tiff_decoder *tiff, const struct decoder_wish *wish)
{
	const struct tiff_page *page = &tiff->page;
	const struct geometry_rect *region = &wish->region;
	struct tiff_part *part = &tiff->part;
	double across = (double)page->width / tiff->first.width;
	double down = (double)page->height / tiff->first.height;
	*part = (struct tiff_part){0, 0, page->width, page->height};
	if (!wish->partial)
		return;
	if (page->tiled)
		widen((region->x - wish->reach_x) * across,
			(region->x + region->width + wish->reach_x) * across, page->tile_width,
			page->width, &part->left, &part->right);
	widen((region->y - wish->reach_y) * down,
		(region->y + region->height + wish->reach_y) * down, page->tile_height,
		page->height, &part->top, &part->bottom);
}

static int choose_page(struct tiff_decoder *tiff, double scale)
{
	double width = tiff->first.width * scale * MARGIN;
	tiff->place = (struct tiff_place){0};
	if (width <= tiff->first.width / 2.0 + 1)
		tiff_pyramid_find(&tiff->source, &tiff->first, width, &tiff->place);
	int status = tiff_place_go(&tiff->source, &tiff->place);
	return status ? status : tiff_page_read(&tiff->source, &tiff->limits, &tiff->page);
}

static int prepare(struct decoder *decoder, const struct decoder_wish *wish)
{
	struct tiff_decoder *tiff = (struct tiff_decoder *)decoder;
	int status = choose_page(tiff, wish->scale);
	if (status)
		return status;
	choose_part(tiff, wish);
	const struct tiff_page *page = &tiff->page;
	const struct tiff_part *part = &tiff->part;
	double across = (double)page->width / tiff->first.width;
	double down = (double)page->height / tiff->first.height;
	decoder->layout = (struct decoder_layout){.planes = 1,
		.channels = tiff_page_channels(page),
		.wide = tiff_page_is_wide(page),
		.raster[0] = {.width = part->right - part->left,
			.height = part->bottom - part->top,
			.scale_x = across,
			.scale_y = down,
			.left = part->left / across,
			.top = part->top / down}};
	return 0;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct tiff_decoder *tiff = (struct tiff_decoder *)decoder;
	return tiff_rows_push(
		&tiff->source, &tiff->limits, &tiff->place, &tiff->page, &tiff->part, stages[0]);
}

static void close_decoder(struct decoder *decoder)
{
	struct tiff_decoder *tiff = (struct tiff_decoder *)decoder;
	tiff_source_close(&tiff->source);
	free(tiff->profile);
	free(tiff);
}

static const struct decoder_type type = {.prepare = prepare, .run = run, .close = close_decoder};

static int fill_header(struct tiff_decoder *tiff)
{
	const struct tiff_page *page = &tiff->first;
	uint32_t length = 0;
	void *profile = NULL;
	tiff->decoder.header = (struct decoder_header){.type = "tiff",
		.width = page->width,
		.height = page->height,
		.orientation = page->orientation,
		.depth = page->bits,
		.space = page->colours == 4			  ? SPACE_CMYK
			 : page->colours == 3 || page->palette[0] ? SPACE_RGB
								  : SPACE_GRAY,
		.alpha = page->alpha != 0,
		.frames = 1,
		.loops = 1,
		.cicp = {2, 2, 2, true}};
	if (!tiff->source.library->get(tiff->source.file, TIFFTAG_ICCPROFILE, &length, &profile) ||
		!length)
		return 0;
	/* It goes with the directory. */
	tiff->profile = malloc(length);
	if (!tiff->profile)
		return fault_memory();
	memcpy(tiff->profile, profile, length);
	tiff->decoder.header.profile = tiff->profile;
	tiff->decoder.header.profile_length = length;
	return 0;
}

int tiff_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	(void)animated;
	struct tiff_decoder *tiff = calloc(1, sizeof(*tiff));
	if (!tiff)
		return fault_memory();
	tiff->decoder.type = &type;
	tiff->limits = *limits;
	int status = tiff_source_open(&tiff->source, input, limits->pixels);
	if (!status)
		status = tiff_page_read(&tiff->source, limits, &tiff->first);
	if (!status)
		status = fill_header(tiff);
	if (status) {
		close_decoder(&tiff->decoder);
		return status;
	}
	*result = &tiff->decoder;
	return 0;
}

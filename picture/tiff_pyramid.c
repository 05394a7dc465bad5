/* SPDX-License-Identifier: MIT */
/*
 * There are two ways to write one: pages behind the first, and directories that hang on it. Both
 * say that they have a reduced resolution. A multi-page document has many pages, so only the first
 * ones are looked at.
 */
#include "picture/tiff_pyramid.h"

#include <math.h>
#include <string.h>

/* The most pages, and directories of the first one, that are looked at. */
enum { LEVELS_MAX = 32 };

struct search {
	struct tiff_source *source;
	const struct tiff_page *first;
	double width;
	uint32_t best;
	uint16_t bits, samples, photometric;
};

static void kind_of(
	const struct tiff_source *source, uint16_t *bits, uint16_t *samples, uint16_t *photometric)
{
	*bits = *samples = *photometric = 0;
	source->library->get_defaulted(source->file, TIFFTAG_BITSPERSAMPLE, bits);
	source->library->get_defaulted(source->file, TIFFTAG_SAMPLESPERPIXEL, samples);
	source->library->get(source->file, TIFFTAG_PHOTOMETRIC, photometric);
}

/* Whether the current directory has the picture, and fits better than what there was. */
static bool fits(struct search *search)
{
	const struct tiff_source *source = search->source;
	const struct tiff_page *first = search->first;
	uint32_t kind = 0, width = 0, height = 0;
	uint16_t bits, samples, photometric;
	source->library->get_defaulted(source->file, TIFFTAG_SUBFILETYPE, &kind);
	source->library->get(source->file, TIFFTAG_IMAGEWIDTH, &width);
	source->library->get(source->file, TIFFTAG_IMAGELENGTH, &height);
	kind_of(source, &bits, &samples, &photometric);
	/* Sides are rounded in some way at each halving. */
	double across = (double)width / first->width * first->height;
	if (!(kind & FILETYPE_REDUCEDIMAGE) || !width || !height || width >= search->best ||
		height > first->height || width < search->width || fabs(across - height) > 2 ||
		bits != search->bits || samples != search->samples ||
		photometric != search->photometric)
		return false;
	search->best = width;
	return true;
}

void tiff_pyramid_find(struct tiff_source *source, const struct tiff_page *first, double width,
	struct tiff_place *place)
{
	struct search search = {source, first, width, first->width, 0, 0, 0};
	uint16_t count = 0;
	uint64_t offsets[LEVELS_MAX], *found = NULL;
	*place = (struct tiff_place){0};
	if (!source->library->set_directory(source->file, 0))
		return;
	kind_of(source, &search.bits, &search.samples, &search.photometric);
	if (!source->library->get(source->file, TIFFTAG_SUBIFD, &count, &found) || !found)
		count = 0;
	if (count > LEVELS_MAX)
		count = LEVELS_MAX;
	if (count)
		memcpy(offsets, found, count * sizeof(*offsets));
	for (uint16_t number = 1;
		number < LEVELS_MAX && source->library->next_directory(source->file); number++)
		if (fits(&search))
			*place = (struct tiff_place){.number = number};
	for (uint16_t at = 0; at < count; at++)
		if (source->library->set_sub_directory(source->file, offsets[at]) && fits(&search))
			*place = (struct tiff_place){.sub = offsets[at]};
	tiff_source_forgive(source);
}

/* SPDX-License-Identifier: MIT */
/* What a directory of a TIFF says about its picture. */
#ifndef PICTURE_TIFF_PAGE_H
#define PICTURE_TIFF_PAGE_H

#include "picture/tiff_source.h"

/* Samples of a pixel that are looked at: colours, then alpha. */
enum { TIFF_CHANNELS_MAX = 5 };

struct tiff_page {
	uint32_t width, height;
	uint32_t tile_width, tile_height; /* of a strip: the width, and its rows */
	bool tiled, separate;		  /* each sample in a plane of its own */
	bool rgba;			  /* only libtiff's own conversion can read it */
	unsigned bits, samples;		  /* of a sample; of a pixel in the file */
	unsigned colours;		  /* channels without alpha: 1, 3 or 4 (CMYK) */
	unsigned alpha;		    /* the number of its sample; 0: none (it never comes first) */
	bool associated;	    /* the colours are multiplied with it */
	bool inverted;		    /* 0 is white */
	const uint16_t *palette[3]; /* NULL: none; of the library */
	unsigned orientation;
};

/* Reads the current directory. Returns 0 or a fault: something that cannot be read, or that goes
 * beyond the limits. */
int tiff_page_read(
	struct tiff_source *source, const struct decoder_limits *limits, struct tiff_page *page);

/* Samples that come out of a page for each pixel, and whether they are words. */
unsigned tiff_page_channels(const struct tiff_page *page);
bool tiff_page_is_wide(const struct tiff_page *page);

#endif

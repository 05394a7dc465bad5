/* SPDX-License-Identifier: MIT */
/*
 * What all decoders have in common. One is made of the source, tells what it has found in the
 * header, is told what is wanted of it, and then pushes the rows of one frame after the other.
 */
#ifndef PICTURE_DECODER_H
#define PICTURE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picture/geometry.h"
#include "picture/input.h"
#include "picture/stage.h"

enum decoder_space { SPACE_GRAY, SPACE_RGB, SPACE_CMYK };

/* Code points of ITU-T H.273; 2 is "not specified". */
struct decoder_cicp {
	uint8_t primaries, transfer, matrix;
	bool full_range;
};

/* Bounds from the command line. */
struct decoder_limits {
	uint64_t pixels; /* of one frame */
	uint32_t frames;
	uint32_t scans; /* of a JPEG */
};

struct decoder_header {
	const char *type;	/* "jpeg", "png", … */
	uint32_t width, height; /* stored, before the orientation */
	unsigned orientation;	/* EXIF, 1 to 8 */
	unsigned depth;		/* bits of a sample in the file */
	enum decoder_space space;
	bool alpha;
	uint32_t frames; /* 1 for a still; of an animation as far as the header tells, or counted */
	uint32_t loops;	 /* 0: for ever */
	const uint8_t *profile; /* ICC, of the decoder; NULL: none */
	size_t profile_length;
	struct decoder_cicp cicp; /* {2, 2, 2} where nothing is said */
	/* PNG's gAMA and cHRM as they are stored (100000 is one), where no sRGB chunk overrules
	 * them; 0: none. Chromaticities: x and y of white, red, green, blue. */
	uint32_t gamma, chromaticities[8];
};

/* What the caller wants of one frame. A decoder does as much of it as it can do cheaply and says
 * in the raster what it has done; the resampler does the rest. */
struct decoder_wish {
	struct geometry_rect region; /* stored pixels that count */
	double scale;		     /* the result has this many pixels for each stored one, in the
				      * direction that needs more */
	bool planes;		     /* Y, Cb and Cr may come as planes, each in its own size */
	bool gray;		     /* only lightness is needed */
	/* The rest of the picture is not wanted: what lies outside of the region and this many
	 * stored pixels around it may be left out, and the source may be broken there. */
	bool partial;
	double reach_x, reach_y;
};

/* The rows that are pushed into one stage. */
struct decoder_raster {
	uint32_t width, height;	 /* samples in a row, rows */
	double scale_x, scale_y; /* samples for each stored pixel */
	double left, top;	 /* of the first sample, in stored pixels */
};

struct decoder_layout {
	unsigned planes;   /* 1: samples side by side. 3: Y, Cb, Cr, each of one channel */
	unsigned channels; /* samples for each pixel in a row, alpha included and last */
	bool wide;	   /* a sample is a uint16_t, 65535 is white; else a uint8_t */
	struct decoder_raster raster[3];
};

struct decoder;

struct decoder_type {
	/* Only for animations that were opened as such: makes the next frame the current one; it
	 * must be called before the first frame, too. A frame is the whole canvas, as it is seen.
	 * Returns 0, a fault, or -1 when there are no more. NULL for stills. */
	int (*next)(struct decoder *decoder, uint32_t *duration_ms);
	/* Fills in decoder->layout for the wish. NULL: the layout does not depend on it. */
	int (*prepare)(struct decoder *decoder, const struct decoder_wish *wish);
	/* Pushes all rows of the frame into the stages, one for each plane. Rows come exactly as
	 * the layout says. Returns 0, a fault, or STAGE_ENOUGH from a stage. */
	int (*run)(struct decoder *decoder, struct stage *const *stages);
	void (*close)(struct decoder *decoder);
};

/* A decoder's own structure begins with this. */
struct decoder {
	const struct decoder_type *type;
	struct decoder_header header;
	struct decoder_layout layout;
};

/* Looks at the first bytes and opens the decoder of what is there. With `animated`, all frames are
 * wanted; else the first. Returns 0 or a fault. */
int decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);
void decoder_close(struct decoder *decoder);

/* For decoders: the sides of a header against the limits. Returns 0 or a fault. */
int decoder_check_sides(uint32_t width, uint32_t height, const struct decoder_limits *limits);

/* For decoders: the layout of a picture that comes as it is stored. */
void decoder_plain_layout(struct decoder *decoder, unsigned channels, bool wide);

/* For decoders: the orientation in an EXIF block, with or without "Exif\0\0" in front of the TIFF
 * header; 1 where it says none. */
unsigned decoder_exif_orientation(const uint8_t *bytes, size_t length);

#endif

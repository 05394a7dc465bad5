/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_PICTURE_H
#define SRC_SOURCE_PICTURE_H

/*
 * What a picture file says of itself beside its type and sides: how the camera was held, how many
 * frames there are, whether it is transparent, whether its colour profile can be believed. Nothing
 * is decoded. The file is read in small pieces and at most PICTURE_READS times, so a hostile file
 * costs milliseconds. Pure apart from the reader that the caller gives; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/http/media_type.h"

struct picture {
	/* 1 to 8 as in EXIF; 1 where nothing is said. HEIC and AVIF: always 1, because their
	 * decoders turn the picture themselves. 0: this type is not looked into. */
	unsigned orientation;
	/* GIF, WebP, APNG: frames; TIFF: pages; other pictures 1. At least the number given when
	 * the bound on reads came first. 0: this type is not looked into. */
	uint32_t frames;
	bool alpha;   /* some of its pixels may be transparent */
	bool profile; /* an ICC profile that has the size, the mark and the colours it should */
	/* What all decoders read alike (an animation: libvips). False for rare TIFF (old JPEG, odd
	 * samples), which some of them turn into other pictures without a word, for a GIF whose
	 * cleared parts are painted, for a PNG that moves, and for AVIF and HEIC whose colours
	 * libheif gets wrong. */
	bool plain;
	bool cut; /* GIF, WebP: the file ends before its last frame does */
	/* The first frame is not the whole screen of a GIF or an animation. */
	bool canvas;
	/* TIFF: 0 is white, and a sample has 2 or 4 bits. */
	bool inverted;
	/* Of all frames and the screen: what a decoder allocates for; 0: see the sniffed sides. */
	uint64_t width, height;
};

/* Reads up to size bytes at a position of the file; returns how many. */
struct picture_reader {
	size_t (*read)(void *data, uint64_t at, void *buffer, size_t size);
	void *data;
};

enum { PICTURE_READS = 8192 };

struct picture picture_look(enum media_type type, const struct picture_reader *reader);

/* As ImageMagick's -orient takes it: "RightTop" for 6; NULL for anything but 1 to 8. */
const char *picture_orientation_name(unsigned orientation);

#endif

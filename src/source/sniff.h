/* SPDX-License-Identifier: MIT */
#ifndef SRC_SNIFF_H
#define SRC_SNIFF_H

/*
 * The type of a file from its first bytes, and a picture's declared sides. SNIFF_BYTES are enough
 * but for a JPEG with much metadata and for TIFF, whose directory may stand anywhere: see more_at.
 * Pure, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNIFF_BYTES = 65536 };

enum sniff_type {
	SNIFF_UNKNOWN = 0,
	SNIFF_JPEG,
	SNIFF_PNG,
	SNIFF_GIF,
	SNIFF_WEBP,
	SNIFF_TIFF,
	SNIFF_AVIF,
	SNIFF_HEIC,
	SNIFF_BMP,
	SNIFF_JXL,
	SNIFF_SVG,
	SNIFF_PDF,
	SNIFF_MP4, /* ISO base media that is no picture: mp4, m4a, m4v */
	SNIFF_MOV, /* QuickTime */
	SNIFF_WEBM,
	SNIFF_MKV,
	SNIFF_AVI,
	SNIFF_MPEG, /* program stream */
	SNIFF_MPEGTS,
	SNIFF_MP3,
	SNIFF_AAC, /* ADTS */
	SNIFF_FLAC,
	SNIFF_OGG,
	SNIFF_OPUS, /* Ogg with OpusHead */
	SNIFF_WAV,
	SNIFF_AIFF,
	SNIFF_TEXT, /* nothing of the above, and valid text; never a picture */
	SNIFF_TYPES,
};

struct sniff {
	enum sniff_type type;
	/* Of the picture as the header declares it; 0 where unknown. 64 bits: 65535 x 65535 does
	 * not fit 32. */
	uint64_t width, height;
	uint64_t more_at;   /* where the file goes on about the sides, behind the given bytes; 0:
			       nowhere */
	bool little_endian; /* TIFF */
};

/* data: the first `size` bytes of a file. Reads nothing behind them. */
struct sniff sniff(const unsigned char *data, size_t size);

/* Goes on with the bytes of the file from more_at on, which sniff gave: it may be set again. */
void sniff_more(struct sniff *sniff, const unsigned char *data, size_t size);

const char *sniff_name(enum sniff_type type); /* "jpeg"; SNIFF_UNKNOWN: "unknown" */
int sniff_from_name(const char *name); /* -1: no such type; "jpg" and "tif" are understood, too */
const char *sniff_media_type(
	enum sniff_type type); /* "image/jpeg"; unknown: "application/octet-stream" */

#endif

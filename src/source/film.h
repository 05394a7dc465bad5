/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_FILM_H
#define SRC_SOURCE_FILM_H

/*
 * What a film or a sound says about itself behind its first bytes: how long it is, which of its
 * tracks is the film, what its colours mean, and whether the file is as long as its own header
 * promises. A bounded number of small reads, however long the file is. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/http/media_type.h"

/* The file: reads up to `size` bytes from `offset` on and returns how many there were. */
struct film_file {
	size_t (*read)(
		const struct film_file *file, unsigned char *buffer, size_t size, uint64_t offset);
	void *data;
	uint64_t size;
};

/* Code points of ISO/IEC 23091-2, which MP4, Matroska and the codecs share. */
enum {
	FILM_MATRIX_BT709 = 1,
	FILM_MATRIX_UNSPECIFIED = 2,
	FILM_TRANSFER_PQ = 16,
	FILM_TRANSFER_HLG = 18,
};

struct film {
	/* The file ends before its own header says so. False also where no header tells: see
	 * film_look. */
	bool cut;
	uint64_t duration_ms; /* 0: not said */
	/* Which of the video streams is the film, counted as FFmpeg counts them; a cover picture
	 * is none. -1: not said. */
	int video;
	/* Which of the sound streams is the first that FFmpeg can decode, as far as its name in the
	 * header tells. -1: none of those that there are. 0 also where nothing is said. */
	int sound;
	/* Of that video stream; 0: not said. */
	uint32_t width, height;
	unsigned matrix, transfer;
};

/*
 * Of an MPEG transport stream only the colours of H.265 are known.
 * Looks at films and sounds; for other types all is "not said". `cut` is found out for MP4 and
 * MOV (a box that ends behind the file), Matroska and WebM (the segment), AVI, WAV and AIFF (their
 * chunks), FLAC (the last frame lacks samples), Ogg (the last page is not whole). Nothing in an
 * MP3, an ADTS, an MPEG stream or a recording without sizes tells.
 */
void film_look(const struct film_file *file, enum media_type type, struct film *film);

#endif

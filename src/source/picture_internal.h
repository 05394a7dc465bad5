/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_PICTURE_INTERNAL_H
#define SRC_SOURCE_PICTURE_INTERNAL_H

/* Inside of picture: a window that moves over the file, and the formats. */

#include "src/source/picture.h"
#include "src/source/sniff_bytes.h"

enum {
	PICTURE_WINDOW = 16384,
	/* Steps over chunks, markers and blocks of one file. */
	PICTURE_STEPS = 1 << 20,
};

struct picture_window {
	const struct picture_reader *reader;
	uint64_t at;
	size_t have;
	size_t step; /* how much to read when less is asked for: small where chunks are skipped */
	unsigned reads, steps; /* left */
	unsigned char bytes[PICTURE_WINDOW];
};

/* The bytes of the file from `at` on, at least `size` (up to PICTURE_WINDOW) of them; an empty
 * piece at the end of the file and where the bound on reads is reached. Valid until the next call.
 */
struct bytes picture_bytes(struct picture_window *window, uint64_t at, size_t size);

/* False when there were enough steps. */
bool picture_step(struct picture_window *window);

/* A block of EXIF (with or without "Exif\0\0"): sets the orientation when it says one of 1 to 8. */
void picture_exif(
	struct picture_window *window, uint64_t at, uint64_t size, struct picture *picture);

/* Whether the profile at `at` has the size that it says, "acsp", and one of these colour spaces. */
bool picture_profile(struct picture_window *window, uint64_t at, uint64_t size, const char *space);

void picture_jpeg(struct picture_window *window, struct picture *picture);
void picture_png(struct picture_window *window, struct picture *picture);
void picture_webp(struct picture_window *window, struct picture *picture);
void picture_gif(struct picture_window *window, struct picture *picture);
void picture_tiff(struct picture_window *window, struct picture *picture);
void picture_boxes(struct picture_window *window, struct picture *picture);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A PNG file as a row of chunks (PNG specification, section 5), and what those before and behind
 * the pixels say. libpng gets only the chunks that make the pixels.
 */
#ifndef PICTURE_PNG_FILE_H
#define PICTURE_PNG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picture/decoder.h"
#include "picture/input.h"

struct deflate_library;

#define PNG_FILE_TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

enum {
	PNG_FILE_IDAT = PNG_FILE_TYPE('I', 'D', 'A', 'T'),
	PNG_FILE_IEND = PNG_FILE_TYPE('I', 'E', 'N', 'D'),
	PNG_FILE_FCTL = PNG_FILE_TYPE('f', 'c', 'T', 'L'),
	PNG_FILE_FDAT = PNG_FILE_TYPE('f', 'd', 'A', 'T'),
};

enum { PNG_FILE_PALETTE = 768, PNG_FILE_TRANSPARENCY = 256, PNG_FILE_WINDOW = 64 * 1024 };

struct png_file {
	struct input *input;
	const struct deflate_library *deflate;
	uint32_t width, height;
	uint8_t depth, colour, interlace; /* as in IHDR */
	uint8_t palette[PNG_FILE_PALETTE];
	size_t palette_length; /* 0: none */
	uint8_t transparency[PNG_FILE_TRANSPARENCY];
	size_t transparency_length;
	unsigned orientation;
	struct decoder_cicp cicp;
	uint8_t *profile; /* ICC; NULL: none */
	size_t profile_length;
	bool srgb;
	uint32_t gamma;		    /* of gAMA, in 100000ths; 0: none */
	uint32_t chromaticities[8]; /* of cHRM; 0: none */
	uint64_t data;		    /* where the first IDAT is */
	uint32_t frames;	    /* of acTL; 0: no animation */
	uint32_t loops;		    /* 0: for ever */
	uint64_t control;	    /* where the first fcTL is; 0: there is none */
	/* A piece of the input, so that many small chunks are not many calls. */
	uint64_t window_at;
	size_t window_length;
	uint8_t window[PNG_FILE_WINDOW];
};

struct png_chunk {
	uint32_t type, length;
	uint64_t data; /* where its data are in the input */
};

/* Walks over all chunks to the end. Chunks that only add something are ignored when they are
 * damaged. `file` is zero but for the input. Returns 0 or a fault. */
int png_file_read(struct png_file *file);
void png_file_deinit(struct png_file *file);

/* The chunk at `at`; the next one is at data + length + 4. Returns 0 or a fault: a chunk that
 * reaches over the end of the input is one. */
int png_file_chunk(struct png_file *file, uint64_t at, struct png_chunk *chunk);

/* Reads at most `most` bytes (up to PNG_FILE_WINDOW) at `at`, which stay where they are until the
 * next call for this file. Returns how many; fewer only at the input's end. */
size_t png_file_bytes(struct png_file *file, uint64_t at, size_t most, const uint8_t **bytes);

/* Reads a whole chunk of up to `room` bytes and checks its sum. Returns whether it is sound. */
bool png_file_body(
	struct png_file *file, const struct png_chunk *chunk, uint8_t *bytes, size_t room);

uint32_t png_file_number(const uint8_t *bytes);

#endif

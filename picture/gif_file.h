/* SPDX-License-Identifier: MIT */
/*
 * The frames of a GIF as they stand in the file, by giflib.
 */
#ifndef PICTURE_GIF_FILE_H
#define PICTURE_GIF_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "picture/input.h"

enum gif_disposal { GIF_KEEP, GIF_CLEAR, GIF_RESTORE };

struct gif_frame {
	uint32_t left, top, width, height; /* may reach out of the screen */
	bool interlaced;
	bool transparent; /* one of the colours is */
	enum gif_disposal disposal;
	uint32_t duration_ms;
	uint8_t palette[256][4]; /* RGBA; what the file does not define is transparent */
};

struct gif_file;

/* The input is borrowed. Returns 0 or a fault. */
int gif_file_open(struct input *input, struct gif_file **file);
void gif_file_close(struct gif_file *file);

/* What the header says; a side may be 0. */
void gif_file_screen(const struct gif_file *file, uint32_t *width, uint32_t *height);

/* How often the animation is shown, as far as the file has told yet; 0: for ever. */
uint32_t gif_file_loops(const struct gif_file *file);

/* Goes on to the next frame. Its rows, all of them, must be read or skipped before the one after
 * it. Returns 0, a fault, or -1 at the end of the file. */
int gif_file_next(struct gif_file *file, struct gif_frame *frame);

/* One row of the frame: `width` places in its palette. Interlaced rows come in the order of
 * gif_frame_row. Returns 0 or a fault. */
int gif_file_row(struct gif_file *file, uint8_t *places, uint32_t width);
int gif_file_skip(struct gif_file *file);

/* Which row of the picture is the one that comes as number `row`. */
uint32_t gif_frame_row(const struct gif_frame *frame, uint32_t row);

#endif

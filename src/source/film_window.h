/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_FILM_WINDOW_H
#define SRC_SOURCE_FILM_WINDOW_H

/* Inside of film: a file seen through a small buffer, with a bound on how often it is read. */

#include "src/source/film.h"

enum { FILM_WINDOW_BYTES = 4096, FILM_READS_MAX = 128, FILM_STEPS_MAX = 4096 };

struct film_window {
	const struct film_file *file;
	uint64_t at; /* where in the file the buffer stands */
	size_t have;
	unsigned reads; /* so far */
	unsigned steps; /* boxes and elements so far: many fit into one buffer */
	unsigned char buffer[FILM_WINDOW_BYTES];
};

void film_window_init(struct film_window *window, const struct film_file *file);
/* `size` (at most FILM_WINDOW_BYTES) bytes of the file at `offset`, valid until the next call;
 * NULL when the file has not so many there, or was read often enough. */
const unsigned char *film_window_get(struct film_window *window, uint64_t offset, size_t size);
/* Numbers of 1 to 8 bytes; 0 where there is nothing. */
uint64_t film_window_big(struct film_window *window, uint64_t offset, unsigned width);
uint64_t film_window_little(struct film_window *window, uint64_t offset, unsigned width);
/* Whether the letters stand there. */
bool film_window_has(struct film_window *window, uint64_t offset, const char *letters);
/* What the H.265 record there says (film_hevc.h); of a long one, its beginning. */
void film_window_record(
	struct film_window *window, uint64_t offset, uint64_t size, struct film *film);
/* Counts a step of a walk; false: enough. */
bool film_window_step(struct film_window *window);

/* The formats. Each fills *film. */
void film_boxes(struct film_window *window, struct film *film);	   /* film_boxes.c */
void film_matroska(struct film_window *window, struct film *film); /* film_matroska.c */
void film_mpegts(struct film_window *window, struct film *film);   /* film_mpegts.c */
void film_chunks(struct film_window *window, struct film *film); /* film_sound.c: AVI, WAV, AIFF */
void film_flac(struct film_window *window, struct film *film);	 /* film_sound.c */
void film_ogg(struct film_window *window, struct film *film);	 /* film_sound.c */

/* One video track was read. The first one is the film, or the first one that moves. */
struct film_track {
	bool still; /* a codec of pictures, or a single sample */
	uint32_t width, height;
	unsigned matrix, transfer;
};
void film_add_video(struct film *film, int index, const struct film_track *track, bool *moves);

/* One sound track was read, the one with this number. The first that can be decoded is taken. */
void film_add_sound(struct film *film, int index, bool decodable);

#endif

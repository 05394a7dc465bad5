/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_PLACE_H
#define SRC_CONFIG_PLACE_H

/*
 * A configuration is read as one text, in which the files that it includes stand where they are
 * included. Everything that reads it counts the lines of that text. Only here a line of the text is
 * a line of a file again. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>

struct config_piece {
	unsigned first; /* the line of the text with which the piece begins */
	unsigned line;	/* and of its file */
	size_t file;
};

struct config_source {
	char *name;
	char *directory; /* that the file really lies in, absolute */
};

struct config_places {
	size_t piece_count, file_count;
	struct config_piece *pieces; /* in the order of the text */
	struct config_source *files; /* the first is the one that was asked for */
};

/* Adds a file, and takes both texts; NULL or false: no memory. */
bool config_places_add_file(struct config_places *places, char *name, char *directory);
/* From line `first` of the text on stands `file`, from its line `line` on. */
bool config_places_add(struct config_places *places, unsigned first, size_t file, unsigned line);
void config_places_clear(struct config_places *places);

/* The file that a line of the text stands in, and its line there. 0 is about the first file as a
 * whole. Without any piece, the text is the first file. NULL: no file is known. */
const struct config_source *config_place(
	const struct config_places *places, unsigned line, unsigned *in_file);

/* "line 12", or "line 12 of FILE" when that is not the file of line `here`. */
enum { CONFIG_PLACE_MAX = 320 };
const char *config_place_text(const struct config_places *places, unsigned line, unsigned here,
	char text[CONFIG_PLACE_MAX]);

#endif

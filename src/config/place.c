/* SPDX-License-Identifier: MIT */
/*
 * Pieces are added in the order of their lines, so the last one that begins at a line or before it
 * has the line. There are at most two for each included file.
 */
#include "src/config/place.h"

#include <stdio.h>
#include <stdlib.h>

bool config_places_add_file(struct config_places *places, char *name, char *directory)
{
	struct config_source *more = NULL;
	if (name && directory)
		more = realloc(places->files, (places->file_count + 1) * sizeof(*more));
	if (!more) {
		free(name);
		free(directory);
		return false;
	}
	places->files = more;
	places->files[places->file_count++] = (struct config_source){name, directory};
	return true;
}

bool config_places_add(struct config_places *places, unsigned first, size_t file, unsigned line)
{
	struct config_piece *more =
		realloc(places->pieces, (places->piece_count + 1) * sizeof(*more));
	if (!more)
		return false;
	places->pieces = more;
	places->pieces[places->piece_count++] = (struct config_piece){first, line, file};
	return true;
}

void config_places_clear(struct config_places *places)
{
	for (size_t i = 0; i < places->file_count; i++) {
		free(places->files[i].name);
		free(places->files[i].directory);
	}
	free(places->files);
	free(places->pieces);
	*places = (struct config_places){0};
}

const struct config_source *config_place(
	const struct config_places *places, unsigned line, unsigned *in_file)
{
	const struct config_piece *piece = NULL;
	for (size_t i = 0; i < places->piece_count && places->pieces[i].first <= line; i++)
		piece = &places->pieces[i];
	*in_file = piece ? piece->line + (line - piece->first) : line;
	if (places->file_count == 0)
		return NULL;
	return &places->files[piece ? piece->file : 0];
}

const char *config_place_text(const struct config_places *places, unsigned line, unsigned here,
	char text[CONFIG_PLACE_MAX])
{
	unsigned number, ignored;
	const struct config_source *file = config_place(places, line, &number);
	if (file == config_place(places, here, &ignored))
		snprintf(text, CONFIG_PLACE_MAX, "line %u", number);
	else
		snprintf(text, CONFIG_PLACE_MAX, "line %u of %.280s", number, file->name);
	return text;
}

/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_TEMPLATE_COMPILED_H
#define SRC_RECIPE_TEMPLATE_COMPILED_H

/* Inside of template: what template.c compiles and template_expand.c walks through. */

#include "src/recipe/template.h"

#include <stdint.h>

enum piece_kind {
	PIECE_LITERAL,
	PIECE_PARAM,
	PIECE_SOURCE,
	PIECE_SOURCE_FD,
	PIECE_SOURCE_FORMAT,
	PIECE_FACT,
	PIECE_OUTPUT,
};

struct piece {
	enum piece_kind kind;
	char *text;	/* the literal, or a parameter's default; NULL: none */
	size_t param;	/* index; PIECE_FACT: enum template_fact */
	char part;	/* w h x y; 0: the whole value */
	int64_t factor; /* in millionths; 0: as it is */
	int64_t offset; /* in millionths, added to a number */
	bool droppable; /* an empty value counts as an absent one (choice) */
};

struct element {
	size_t piece_count;
	struct piece *pieces;
	unsigned program;
	unsigned group; /* from 1; 0: none */
	bool condition; /* a lone {flag} in a group: never an argument itself */
};

struct template
{
	size_t element_count;
	struct element *elements;
	size_t program_count;
	char *names[TEMPLATE_PROGRAMS_MAX];
	bool uses_output;
	uint64_t used_params; /* bit per parameter; more than 64 are refused */
};

/* One hole, text[0 … len) without its braces. Returns false with a line in error (a struct text of
 * base). */
struct text;
bool template_parse_hole(const char *text, size_t len, const struct param *params,
	size_t param_count, struct piece *piece, struct text *error);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PARAM_TYPES_H
#define SRC_RECIPE_PARAM_TYPES_H

/*
 * Inside of param: the bounds in force, and the readers of the types that have a file of their own.
 * A reader fills *value, which the caller has set to "absent", and returns false when text is none
 * of it.
 */

#include "src/recipe/param.h"

/* The bounds, given or assumed. For text: bytes. */
double param_min(const struct param *param);
double param_max(const struct param *param);

enum { PARAM_PART_MAX = 65535, PARAM_TEXT_MAX = 64 };

struct param_sides {
	unsigned min_w, min_h, max_w, max_h;
};

struct param_sides param_sides(const struct param *param);

bool param_read_color(const char *text, struct param_value *value);
bool param_read_text(const struct param *param, const char *text, struct param_value *value);

/* The line for the client: the name and what is accepted. */
void param_describe(const struct param *param, char message[PARAM_MESSAGE_MAX]);

#endif

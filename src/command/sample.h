/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_SAMPLE_H
#define SRC_COMMAND_SAMPLE_H

/* Sample requests, made from the declarations of a recipe. Pure. */

#include "base/text.h"
#include "src/recipe/recipe.h"

/* Writes the URL of a request for `source`, a path below the root. A required parameter has its
 * default, or the first value that it accepts; the format is the one with the index `format`.
 * Returns false when the recipe has no such request. */
bool sample_url(const struct recipe *recipe, const char *prefix, const char *source, size_t format,
	struct text *url);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_SAMPLE_H
#define SRC_COMMAND_SAMPLE_H

/* Requests that somebody could make of a recipe, made from its own declarations. Pure. */

#include "base/text.h"
#include "src/recipe/recipe.h"

/* The URL of a request for `source` (a path beneath the root): every required parameter has its
 * default or the first value that it accepts, `format` is the one of the recipe's formats with this
 * index. False when there is none. */
bool sample_url(const struct recipe *recipe, const char *prefix, const char *source, size_t format,
	struct text *url);

#endif

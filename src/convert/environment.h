/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_ENVIRONMENT_H
#define SRC_CONVERT_ENVIRONMENT_H

/* The environment of a recipe's programs. A job and the holder that starts it have the same one,
 * except for HOME and TMPDIR. */

#include "spawn/job.h"
#include "src/config/config.h"
#include "src/recipe/recipe.h"

enum { ENVIRONMENT_MAX = 48, ENVIRONMENT_BYTES = 16384 };

struct environment {
	char *pointers[ENVIRONMENT_MAX + 1]; /* NULL-terminated; into storage */
	char storage[ENVIRONMENT_BYTES];
};

/* `directory` is HOME and TMPDIR. Returns 0 or -E2BIG. */
int environment_make(struct environment *environment, const struct config *config,
	const struct recipe *recipe, const char *directory);

/* Adds one variable, formatted as with printf. Returns 0 or -E2BIG. */
int environment_add(struct environment *environment, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How the programs of a recipe are confined. */
enum job_confine environment_confine(const struct recipe *recipe);

#endif

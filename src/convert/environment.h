/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_ENVIRONMENT_H
#define SRC_CONVERT_ENVIRONMENT_H

/* What a recipe's programs live in: the same for a job and for the holder that waits for it, but
 * for HOME and TMPDIR. */

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

/* Adds one more variable; it is formatted like printf. Returns 0 or -E2BIG. */
int environment_add(struct environment *environment, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How its programs are confined. */
enum job_confine environment_confine(const struct recipe *recipe);

#endif

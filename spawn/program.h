/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_PROGRAM_H
#define SPAWN_PROGRAM_H

/* What is to be held, as a copy of its own, and the comparison by which a job finds its holder. */

#include <stdbool.h>

#include "spawn/holder.h"

struct program {
	struct holder_program held;
	/* What held points to. */
	char *program, *name;
	char **envp, **preload, **prime;
	int confine;
};

/* NULL when there is no memory. */
struct program *program_new(const struct holder_program *from);
void program_free(struct program *program);

/* Takes over what it has not yet of preload and prime, and that confine differs. Returns 0 or
 * -ENOMEM; *changed is set when there was something. */
int program_add(struct program *program, const struct holder_program *from, bool *changed);

/* The same program under the same name with the same environment, in the same order, HOME and
 * TMPDIR aside? */
bool program_is(
	const struct program *program, const char *path, const char *name, char *const *envp);

#endif

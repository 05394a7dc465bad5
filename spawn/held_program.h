/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_HELD_PROGRAM_H
#define SPAWN_HELD_PROGRAM_H

/* What is to be held, as a copy of its own, and the comparison by which a job finds its holder. */

#include <stdbool.h>

#include "spawn/holder.h"

struct held_program {
	struct holder_program view;
	/* What view points to. */
	char *program, *name;
	char **envp, **preload, **prime;
};

/* NULL when there is no memory. */
struct held_program *held_program_new(const struct holder_program *from);
void held_program_free(struct held_program *program);

/* Equal in all, lists in the same order, HOME and TMPDIR aside? */
bool held_program_is(const struct held_program *program, const struct holder_program *other);

/* Equal but for preload and prime? Their results are the same then: a job that starts cold has
 * nothing opened and nothing called before its main either. */
bool held_program_resembles(const struct held_program *program, const struct holder_program *other);

#endif

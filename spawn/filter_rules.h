/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_RULES_H
#define SPAWN_FILTER_RULES_H

/* What each filter answers to each call, for filter_compile.c. */

#include <stdbool.h>
#include <stdint.h>

#include "spawn/filter_program.h"

enum filter_rules_kind {
	FILTER_RULES_HOLD,
	FILTER_RULES_WATCH,
	FILTER_RULES_STANDARD,
	FILTER_RULES_STRICT,
	FILTER_RULES_DAEMON,
};

struct filter_rules {
	enum filter_layer layer;
	enum filter_rules_kind kind;
	bool watched;	      /* calls that only an attacker makes pass: they are seen elsewhere */
	bool ending;	      /* they end the job all the same */
	bool plain;	      /* no pid namespace */
	bool truncate;	      /* refuse truncate(2): Landlock does not know of it */
	bool signals;	      /* Landlock does not look at signals. WATCH: but it shall */
	bool signals_watched; /* FILTER_WATCH_SIGNALS looks at them in its place */
	bool sibling;	      /* also for the 32-bit sibling of the machine */
	const uint64_t *keys; /* filters.keys; NULL: no execve passes STRICT */
};

/* Whether the filter can be made in layers: not when it has the number of the job's process. */
bool filter_rules_has_layers(const struct filter_rules *rules);

/* Returns 0, or -E2BIG. */
int filter_rules_put(struct filter_program *program, const struct filter_rules *rules);

/* The machine has one, whose programs may be installed here. */
bool filter_rules_has_sibling(void);

#endif

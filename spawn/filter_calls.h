/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_CALLS_H
#define SPAWN_FILTER_CALLS_H

/* Names of system calls by what becomes of them in a job; each list ends with NULL. A name that the
 * machine does not have is skipped. Calls with a number above FILTER_CALLS_NEWEST do not exist for
 * a job, unless they belong to one machine alone. */

#include <stdbool.h>

#include "spawn/filter_answers.h"

enum {
	FILTER_CALLS_RESTRICT_SELF = 446, /* landlock_restrict_self */
	FILTER_CALLS_CHMODAT2 = 452,	  /* libseccomp may not know it yet */
	FILTER_CALLS_NEWEST =
		456, /* the last one that has been looked at and may pass (futex_requeue) */
	FILTER_CALLS_END = 2048, /* above: calls that belong to one machine */
};

/* Only an attacker makes them. The job ends. */
extern const char *const filter_calls_hostile[];
/* EPERM, EACCES, ENOSYS, ENOTSUP, and no effect at all: programs try these and go on without. */
extern const char *const filter_calls_eperm[];
extern const char *const filter_calls_eacces[];
extern const char *const filter_calls_enosys[];
extern const char *const filter_calls_enotsup[];
extern const char *const filter_calls_no_effect[];
/* Of the latter, those that keep a job's processes together. */
extern const char *const filter_calls_keep[];
/* All that STRICT lets pass with any arguments. */
extern const char *const filter_calls_strict[];
/* EACCES where Landlock does not know of them. */
extern const char *const filter_calls_truncate[];
/* What a holder and its standbys do, from the time when the holder waits for jobs until the job's
 * own filter, and STRICT refuses. clone and landlock_restrict_self come on top: filter_rules.c. */
extern const char *const filter_calls_held[];
/* Signals to processes, the first argument. */
extern const char *const filter_calls_signal[];

/* Without a pid namespace they reach every process of the user: only the caller itself is left. */
struct filter_call_other {
	const char *name;
	bool strict; /* STRICT lets it pass at all */
	enum filter_answer answer;
};
extern const struct filter_call_other filter_calls_other[];

#endif

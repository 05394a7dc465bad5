/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CONFINEMENT_PROGRAM_H
#define SPAWN_CONFINEMENT_PROGRAM_H

/* What a program needs of its own, when it is not where the machine's programs are. */

#include <stdbool.h>
#include <stdint.h>

#include "spawn/job.h"
#include "spawn/landlock.h"

struct confinement_rule {
	int fd; /* -1: it is opened by its path for each rule set */
	uint64_t rights;
	char *path; /* with fd -1 */
	enum landlock_use use;
};

/* Is `path` one of the directories, which end with NULL, or below one of them? */
bool confinement_covers(char *const *directories, const char *path);

/* A rule for what is there now; nothing is there: 0. */
int confinement_allow_path(int abi, int ruleset, const char *path, enum landlock_use use);

/* The program, the interpreter that its first line names, their directories, and those of the job's
 * PATH. Returns 0 or -errno. */
int confinement_allow_program(
	int abi, int ruleset, char *const *directories, const struct job_spec *spec);

#endif

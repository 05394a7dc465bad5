/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_HOLDER_PROCESS_H
#define SPAWN_HOLDER_PROCESS_H

/* Starts the process that holder.c then talks to. Main thread. */

#include "spawn/holder.h"
#include "spawn/process.h"

/* Returns 0 with *out the caller's, or -errno: then nothing has been started. */
int holder_process_start(const struct holder_options *options, const struct holder_program *program,
	struct process *out);

#endif

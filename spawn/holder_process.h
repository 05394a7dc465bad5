/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_HOLDER_PROCESS_H
#define SPAWN_HOLDER_PROCESS_H

/* Starts the process that holder.c then talks to. Main thread. */

#include <sys/types.h>

#include "spawn/holder.h"

/* All of it is the caller's: to close, to end and to reap. */
struct holder_process {
	pid_t pid;
	int pidfd;
	int socket; /* SOCK_SEQPACKET: spawn/protocol.h */
};

/* Returns 0 or -errno; then nothing has been started. */
int holder_process_start(const struct holder_options *options, const struct holder_program *program,
	struct holder_process *out);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FORBIDDEN_CALL_H
#define SPAWN_FORBIDDEN_CALL_H

/*
 * The calls that only an attacker makes do not fail in a job: they come to the spawner, which ends
 * the job and can say why (seccomp_unotify(2)). The filter for it is the spawner's own and
 * inherited by every job, so it costs a job nothing, and one descriptor serves all.
 */

#include "spawn/filter.h"
#include "spawn/guard.h"
#include "spawn/shared_notes.h"

/* Installs one of the two filters in this process, and says so in *filters. Returns the descriptor
 * to poll or -errno: then nothing has changed (-EBUSY: a manager of ours has installed such a
 * filter before us, and a process can have but one). */
int forbidden_call_listen(struct filters *filters, bool signals);

/* Takes one event. A job of level `off` may go on, and any job that signals within its own process
 * group; every other one is noted and killed. */
void forbidden_call_take(
	int fd, const struct guard *guard, bool namespaced, struct shared_notes *notes);

#endif

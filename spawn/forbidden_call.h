/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FORBIDDEN_CALL_H
#define SPAWN_FORBIDDEN_CALL_H

/*
 * The calls that only an attacker makes do not fail in a job: they come to the process that started
 * it, a spawner or a holder, which notes the call and ends the job (seccomp_unotify(2)). The filter
 * for it belongs to that process and every job inherits it. So it costs a job nothing, and one
 * descriptor serves all. The descriptor is closed in every job: who has it can let calls pass.
 */

#include <stdbool.h>

#include "spawn/filter.h"
#include "spawn/guard.h"
#include "spawn/shared_notes.h"

struct seccomp_data;

struct forbidden_call_watch {
	int fd; /* to poll; -1: this process is told of nothing */
	const struct guard *guard;
	struct shared_notes *notes;
	bool namespaced;
	bool some_off; /* some jobs may be of level `off`: their calls go on */
	/* Whom a call would signal, of a process that listens to signals: forbidden_signal.c; NULL
	 * elsewhere. */
	int (*signal_target)(const struct seccomp_data *data);
};

/* Installs one of the two filters in this process, and says so in *filters. Returns the descriptor
 * or -errno: then nothing has changed (-EBUSY: a manager of ours has installed such a filter before
 * us, and a process can have but one). */
int forbidden_call_listen(struct filters *filters, bool signals);

/* Takes one event. A job of level `off` may go on, and any job that signals within its own process
 * group; every other one is noted and killed. */
void forbidden_call_take(const struct forbidden_call_watch *watch);

/* The number of a process or thread, or with a minus of a group, that the call would signal; 0: it
 * is no such call. Needs libseccomp, so a holder has it not. */
int forbidden_signal_target(const struct seccomp_data *data);

#endif

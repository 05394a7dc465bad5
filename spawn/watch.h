/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_WATCH_H
#define SPAWN_WATCH_H

/*
 * The calls that only an attacker makes do not fail in a job: they come to the spawner, which ends the job and can say why
 * (seccomp_unotify(2)). The filter for it is the spawner's own and inherited by every job, so it costs a job nothing, and one
 * descriptor serves all.
 */

#include "spawn/filter.h"
#include "spawn/guard.h"
#include "spawn/stops.h"

/* Installs FILTER_WATCH in this process. Returns the descriptor to poll or -errno: then nothing has changed. */
int watch_begin(const struct filters *filters);

/* Takes one event. A job of level `off` may go on; every other one is noted and killed. */
void watch_take(int fd, const struct guard *guard, bool namespaced, struct stops *stops);

#endif

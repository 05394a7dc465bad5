/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_OBSERVER_H
#define SRC_OBSERVE_OBSERVER_H

/* Where everything that happens is counted and shown, for the life of the daemon. */

#include "src/observe/history.h"
#include "src/observe/in_flight.h"
#include "src/observe/metrics.h"

struct observer {
	struct metrics *metrics;
	struct history *history;
	struct in_flight *in_flight;
};

/* Returns 0 or -ENOMEM; then nothing is left. */
int observer_open(struct observer *observer);
void observer_close(struct observer *observer);

/* A request, or a refresh, is over: counts it. */
void observer_observe(const struct observer *observer, const struct access *access);

#endif

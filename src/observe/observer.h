/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_OBSERVER_H
#define SRC_OBSERVE_OBSERVER_H

/* The counters, the last minutes and the requests in flight, for the life of the daemon. Opening
 * and closing belong to one thread; counting is for any thread. */

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

/* Counts a request or a refresh that has ended. A browser that shows any page of a site asks for
 * /favicon.ico by itself. It is counted only when a recipe has made one. */
void observer_observe(const struct observer *observer, const struct access *access);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_HISTORY_H
#define SRC_OBSERVE_HISTORY_H

/*
 * The last minutes, in windows of a few seconds, and the last failures. The memory is fixed. Any
 * thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "src/observe/access.h"
#include "src/observe/metrics.h"

enum { HISTORY_WINDOW_S = 5, HISTORY_WINDOWS = 120, HISTORY_FAILURES = 32 };

struct history;

int history_new(struct history **out);
/* NULL is fine. */
void history_free(struct history *history);

void history_observe(struct history *history, const struct access *access);

struct history_window {
	uint32_t requests, failures, refused; /* refused: 503 */
	uint32_t results, hits; /* requests that needed a result; that got one from the store */
	uint64_t bytes;
	uint32_t times[METRICS_BOUNDS + 1]; /* requests by duration, see metrics_bucket */
};

/* The last HISTORY_WINDOWS windows, the oldest first. The last one is still being filled. */
void history_windows(struct history *history, struct history_window out[HISTORY_WINDOWS]);

/* Adds `count` windows to *sum. */
void history_sum(const struct history_window *windows, size_t count, struct history_window *sum);

/* The duration that `share` (0 … 1) of the requests in the windows do not exceed, in us, as
 * metrics_quantile finds it; 0 when there are no requests. */
uint64_t history_quantile(const struct history_window *windows, size_t count, double share);

struct history_failure {
	int64_t time_ms; /* of the Unix epoch */
	char id[65], recipe[64], outcome[24];
	int status;
	char url[192], reason[192], stderr_tail[256];
};

/* The latest first. Returns their number. */
size_t history_failures(struct history *history, struct history_failure out[HISTORY_FAILURES]);

#endif

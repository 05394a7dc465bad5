/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_METRICS_H
#define SRC_OBSERVE_METRICS_H

/*
 * Counters since the daemon started, by recipe, and histograms of durations. They only grow, and
 * they survive reloads. Counting is a few atomic additions. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/observe/access.h"

struct metrics;

int metrics_new(struct metrics **out);
/* NULL is fine. */
void metrics_free(struct metrics *metrics);

/* Adds a recipe with zeros, so that its counters are visible before its first request. */
void metrics_know(struct metrics *metrics, const char *recipe);

/* Counts a request that has ended. */
void metrics_observe(struct metrics *metrics, const struct access *access);

/* Events that do not belong to one request. */
enum metrics_event {
	METRICS_RELOADS,
	METRICS_RELOADS_FAILED,
	METRICS_SPAWNER_RESTARTS,
	METRICS_NO_THREAD,
	METRICS_EVENTS,
};
void metrics_count(struct metrics *metrics, enum metrics_event event);
uint64_t metrics_get(const struct metrics *metrics, enum metrics_event event);

/* When the daemon started, in milliseconds of the Unix epoch. */
int64_t metrics_started_ms(const struct metrics *metrics);
/* Whether this is the first result of the recipe whose type is not known. False for a recipe that
 * metrics_know was not told of. */
bool metrics_untyped(struct metrics *metrics, const char *recipe);
/* For how long it runs, whatever happened to the time of day meanwhile. */
uint64_t metrics_up_ms(const struct metrics *metrics);

/* Upper bounds of a histogram's buckets. One more bucket lies above the last bound. */
enum { METRICS_BOUNDS = 16 };
extern const uint64_t metrics_bounds_us[METRICS_BOUNDS];
/* The bucket that us falls into: 0 … METRICS_BOUNDS. */
size_t metrics_bucket(uint64_t us);

/* The duration that `share` (0 … 1) of the counts do not exceed, in us; 0: the buckets are empty.
 * It is interpolated, as if the counts of a bucket stood evenly between its bounds (Prometheus'
 * histogram_quantile does the same), and so an estimate. Above the last bound it is that bound. */
uint64_t metrics_quantile(const uint64_t buckets[METRICS_BOUNDS + 1], double share);

struct metrics_histogram_view {
	uint64_t buckets[METRICS_BOUNDS + 1]; /* not cumulative */
	uint64_t count, sum_us;
};

enum metrics_time {
	METRICS_TOTAL,	 /* the whole request */
	METRICS_QUEUE,	 /* the wait for a slot */
	METRICS_START,	 /* from the slot until the programs run */
	METRICS_FIRST,	 /* from the slot to the programs' first byte */
	METRICS_CONVERT, /* while the programs run */
	METRICS_TIMES,
};

enum { METRICS_STATUS_MIN = 100, METRICS_STATUS_MAX = 599 };

struct metrics_recipe_view {
	const char *name; /* "" for requests without a recipe; lives as long as the metrics */
	uint64_t statuses[METRICS_STATUS_MAX - METRICS_STATUS_MIN + 1];
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t requests, failures, broken;
	uint64_t cache[ACCESS_CACHE_WAYS], refreshes;
	uint64_t spliced, copied;
	uint64_t cold, warm;	   /* conversions, by how they were started */
	uint64_t cpu_us, peak_kib; /* peak_kib: the largest of all */
	struct metrics_histogram_view times[METRICS_TIMES];
};

/* The recipes in the order in which they were added: NULL gives the first, the last gives NULL. */
struct metrics_recipe;
const struct metrics_recipe *metrics_next(
	const struct metrics *metrics, const struct metrics_recipe *recipe);
void metrics_read(const struct metrics_recipe *recipe, struct metrics_recipe_view *out);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_VIEW_H
#define SRC_STATUS_VIEW_H

/*
 * Everything that the status page shows, gathered at one moment. A view belongs to one thread.
 */

#include <stdint.h>

#include "src/cache/cache.h"
#include "src/config/config.h"
#include "src/observe/history.h"
#include "src/observe/metrics.h"
#include "src/observe/in_flight.h"
#include "src/request/service.h"
#include "src/request/storage.h"

enum { STATUS_RUNNING_MAX = 256, STATUS_HOLDERS_MAX = 64 };

struct status_recipe {
	struct metrics_recipe_view counts;
	bool configured; /* false: it was removed by a reload, and has no numbers of slots */
	bool live;
	unsigned slots, queue; /* the limits */
	unsigned used, waiting;
};

enum { STATUS_NONCE_MAX = 33 };

struct status_view {
	char nonce[STATUS_NONCE_MAX]; /* of the style and the script of an HTML page */
	int64_t now_ms, started_ms;   /* of the Unix epoch */
	uint64_t up_ms; /* since the start; not their difference when the clock was set */
	unsigned connections, connections_max;
	unsigned files, files_max; /* descriptors */
	unsigned threads;
	uint64_t rss_bytes, cpu_us;
	uint64_t log_dropped;
	struct storage_view storage; /* look-ups of sources that hang */
	uint64_t events[METRICS_EVENTS];
	unsigned slots, used, waiting; /* of the whole daemon */
	bool cached;		       /* there is a store, and so `cache` */
	struct cache_counts cache;
	size_t recipe_count;
	struct status_recipe
		*recipes;     /* one of them may be for requests without a recipe: its name is "" */
	size_t running_count; /* may be more than running_shown */
	size_t running_shown;
	struct in_flight_view running[STATUS_RUNNING_MAX];
	struct history_window windows[HISTORY_WINDOWS];
	size_t failure_count;
	struct history_failure failures[HISTORY_FAILURES];
	size_t holder_count;
	struct launcher_view holders[STATUS_HOLDERS_MAX];
};

/* connections, connections_max: how many are open, and may be. NULL: out of memory. */
struct status_view *status_view_new(const struct service *service, const struct config *config,
	unsigned connections, unsigned connections_max);
/* NULL is fine. */
void status_view_free(struct status_view *view);

/* Requests of all recipes: those whose result came from there; those that were answered with 304.
 */
uint64_t status_cache_requests(const struct status_view *view, enum access_cache way);
uint64_t status_not_modified(const struct status_view *view);

/* "2030-01-31 23:59:59", UTC; time_ms: of the Unix epoch. */
enum { STATUS_STAMP_MAX = 32 };
const char *status_stamp(int64_t time_ms, char out[STATUS_STAMP_MAX]);

const char *status_holder_name(enum launcher_state state);

#endif

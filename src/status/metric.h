/* SPDX-License-Identifier: MIT */
#ifndef SRC_STATUS_METRIC_H
#define SRC_STATUS_METRIC_H

/*
 * The daemon's numbers in one table: each row says what a number is called, what it means, and
 * where it stands in a status_view. OpenMetrics and JSON are written from the rows. A unit test
 * holds both forms and the table of doc/monitoring.md against them. Constant data; any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "src/status/view.h"

/* What a row belongs to, and so what its offset counts from. */
enum status_scope {
	STATUS_OF_DAEMON,      /* struct status_view */
	STATUS_OF_CACHE,       /* struct status_view; only when there is a store */
	STATUS_OF_SLOTS,       /* struct status_recipe; only of configured recipes */
	STATUS_OF_RECIPE,      /* struct status_recipe */
	STATUS_OF_NAMED_RECIPE /* struct status_recipe; not of requests without a recipe */
};

/* The samples that a row gives in OpenMetrics. Each kind but the first has one writer. */
enum status_samples {
	STATUS_ONE_NUMBER, /* one sample, or one of each recipe */
	STATUS_BUILD,
	STATUS_BY_PHASE,
	STATUS_BY_HOLDER_STATE,
	STATUS_BY_STATUS,
	STATUS_BY_OUTCOME,
	STATUS_BY_WAY,
	STATUS_HISTOGRAM,
	STATUS_SAMPLES_KINDS,
};

struct status_metric {
	/* OpenMetrics: without "sluice_" and "_total". NULL: JSON only. Rows with the same name
	 * follow each other and are one family; the first one has type, unit and help. */
	const char *name;
	const char *type;
	const char *unit; /* "seconds": the number is in microseconds; "bytes"; NULL */
	const char *help;
	const char *labels; /* beside "recipe", as in doc/monitoring.md; "" */
	const char *label;  /* of this row's samples, ",NAME=\"VALUE\""; NULL: none */
	const char *key;    /* in JSON; NULL: not there, or not as one number */
	enum status_scope scope;
	enum status_samples samples;
	size_t offset, size; /* where the number stands: 4 or 8 bytes; or a histogram */
	uint32_t factor;     /* the number is multiplied by it; 0: it is not */
};

extern const struct status_metric status_metrics[];
extern const size_t status_metric_count;

/* The number of a row. base: the status_view or the status_recipe. */
uint64_t status_metric_value(const struct status_metric *metric, const void *base);

#endif

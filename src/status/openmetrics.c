/* SPDX-License-Identifier: MIT */
/* OpenMetrics 1.0.0, from the table of metric.c. All samples of a family stand together, after its
 * type, unit and help. The samples of a counter end with _total; the name of a family ends with its
 * unit. */
#include "src/status/status.h"

#include <inttypes.h>
#include <string.h>

#include "src/status/metric.h"

static void put_family(FILE *out, const struct status_metric *metric)
{
	fprintf(out, "# TYPE sluice_%s %s\n", metric->name, metric->type);
	if (metric->unit)
		fprintf(out, "# UNIT sluice_%s %s\n", metric->name, metric->unit);
	fprintf(out, "# HELP sluice_%s %s\n", metric->name, metric->help);
}

/* "sluice_NAME", with the suffix of a counter's sample. */
static void put_name(FILE *out, const struct status_metric *metric)
{
	bool counter = metric->type && !strcmp(metric->type, "counter");
	fprintf(out, "sluice_%s%s", metric->name, counter ? "_total" : "");
}

static void put_seconds(FILE *out, uint64_t us)
{
	fprintf(out, "%" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

static void put_number(FILE *out, const struct status_metric *metric, uint64_t value)
{
	if (metric->unit && !strcmp(metric->unit, "seconds"))
		put_seconds(out, value);
	else
		fprintf(out, "%" PRIu64 "\n", value);
}

/* The name of a recipe comes from the configuration and may have any characters. */
static void put_label(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
}

/* {recipe="…", without the closing brace. */
static void put_recipe(FILE *out, const struct status_recipe *recipe)
{
	fputs("{recipe=\"", out);
	put_label(out, recipe->counts.name);
	fputc('"', out);
}

static bool is_shown(const struct status_metric *metric, const struct status_recipe *recipe)
{
	if (metric->scope == STATUS_OF_SLOTS)
		return recipe->configured;
	return metric->scope != STATUS_OF_NAMED_RECIPE || recipe->counts.name[0];
}

#define EACH_RECIPE(view, metric, recipe)                                                          \
	for (const struct status_recipe *recipe = (view)->recipes;                                 \
		recipe < (view)->recipes + (view)->recipe_count; recipe++)                         \
		if (is_shown(metric, recipe))

/* The rows from metric to end are one family. */
static void write_numbers(const struct status_metric *metric, const struct status_metric *end,
	const struct status_view *view, FILE *out)
{
	if (metric->scope == STATUS_OF_DAEMON || metric->scope == STATUS_OF_CACHE) {
		put_name(out, metric);
		fputc(' ', out);
		put_number(out, metric, status_metric_value(metric, view));
		return;
	}
	EACH_RECIPE (view, metric, recipe)
		for (const struct status_metric *row = metric; row < end; row++) {
			put_name(out, metric);
			put_recipe(out, recipe);
			fprintf(out, "%s} ", row->label ? row->label : "");
			put_number(out, metric, status_metric_value(row, recipe));
		}
}

static void write_build(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	(void)view;
	fprintf(out, "sluice_%s_info{version=\"%s\"} 1\n", metric->name, SLUICE_VERSION);
}

static void write_by_phase(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	size_t phases[PROGRESS_SENDING + 1] = {0};
	for (size_t i = 0; i < view->running_shown; i++)
		phases[view->running[i].phase]++;
	for (int i = PROGRESS_QUEUED; i <= PROGRESS_SENDING; i++)
		fprintf(out, "sluice_%s{phase=\"%s\"} %zu\n", metric->name,
			in_flight_phase_name((enum progress_phase)i), phases[i]);
}

static void write_by_holder_state(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	size_t states[LAUNCHER_REFUSED + 1] = {0};
	for (size_t i = 0; i < view->holder_count; i++)
		states[view->holders[i].state]++;
	for (int i = 0; i <= LAUNCHER_REFUSED; i++)
		fprintf(out, "sluice_%s{state=\"%s\"} %zu\n", metric->name,
			status_holder_name((enum launcher_state)i), states[i]);
}

static void write_by_status(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	EACH_RECIPE (view, metric, recipe)
		for (size_t i = 0; i < sizeof recipe->counts.statuses / sizeof(uint64_t); i++) {
			/* Every recipe will have answers of status 200: their number is there from
			 * the start, as zero. */
			size_t status = i + METRICS_STATUS_MIN;
			if (!recipe->counts.statuses[i] && !(recipe->configured && status == 200))
				continue;
			put_name(out, metric);
			put_recipe(out, recipe);
			fprintf(out, ",status=\"%zu\"} %" PRIu64 "\n", status,
				recipe->counts.statuses[i]);
		}
}

static void write_by_outcome(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	EACH_RECIPE (view, metric, recipe)
		for (enum outcome i = 0; i < OUTCOME_COUNT; i++) {
			if (!recipe->counts.outcomes[i])
				continue;
			put_name(out, metric);
			put_recipe(out, recipe);
			fprintf(out, ",outcome=\"%s\"} %" PRIu64 "\n", outcome_name(i),
				recipe->counts.outcomes[i]);
		}
}

static void write_by_way(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	EACH_RECIPE (view, metric, recipe)
		for (enum access_cache way = ACCESS_CACHE_HIT; way < ACCESS_CACHE_WAYS; way++) {
			put_name(out, metric);
			put_recipe(out, recipe);
			fprintf(out, ",way=\"%s\"} %" PRIu64 "\n", access_cache_name(way),
				recipe->counts.cache[way]);
		}
}

static void put_histogram(FILE *out, const char *name, const struct status_recipe *recipe,
	const struct metrics_histogram_view *histogram)
{
	uint64_t sum = 0;
	for (size_t i = 0; i <= METRICS_BOUNDS; i++) {
		sum += histogram->buckets[i];
		fprintf(out, "sluice_%s_bucket", name);
		put_recipe(out, recipe);
		if (i < METRICS_BOUNDS)
			fprintf(out, ",le=\"%g%s\"} ", (double)metrics_bounds_us[i] / 1e6,
				metrics_bounds_us[i] % 1000000 ? "" : ".0");
		else
			fputs(",le=\"+Inf\"} ", out);
		fprintf(out, "%" PRIu64 "\n", sum);
	}
	fprintf(out, "sluice_%s_count", name);
	put_recipe(out, recipe);
	fprintf(out, "} %" PRIu64 "\nsluice_%s_sum", sum, name);
	put_recipe(out, recipe);
	fputs("} ", out);
	put_seconds(out, histogram->sum_us);
}

static void write_histograms(
	const struct status_metric *metric, const struct status_view *view, FILE *out)
{
	EACH_RECIPE (view, metric, recipe)
		put_histogram(out, metric->name, recipe,
			(const void *)((const char *)recipe + metric->offset));
}

void status_write_openmetrics(const struct status_view *view, FILE *out)
{
	static void (*const writers[STATUS_SAMPLES_KINDS])(
		const struct status_metric *, const struct status_view *, FILE *) = {
		[STATUS_BUILD] = write_build,
		[STATUS_BY_PHASE] = write_by_phase,
		[STATUS_BY_HOLDER_STATE] = write_by_holder_state,
		[STATUS_BY_STATUS] = write_by_status,
		[STATUS_BY_OUTCOME] = write_by_outcome,
		[STATUS_BY_WAY] = write_by_way,
		[STATUS_HISTOGRAM] = write_histograms,
	};
	const struct status_metric *const all_end = status_metrics + status_metric_count;
	for (const struct status_metric *metric = status_metrics, *end; metric < all_end;
		metric = end) {
		end = metric + 1;
		while (end < all_end && end->name && metric->name &&
			!strcmp(end->name, metric->name))
			end++;
		if (!metric->name || (metric->scope == STATUS_OF_CACHE && !view->cached))
			continue;
		put_family(out, metric);
		if (metric->samples == STATUS_ONE_NUMBER)
			write_numbers(metric, end, view, out);
		else
			writers[metric->samples](metric, view, out);
	}
	fputs("# EOF\n", out);
}

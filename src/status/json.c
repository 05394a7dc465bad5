/* SPDX-License-Identifier: MIT */
/* JSON: times in seconds and sizes in bytes, as in the metrics. The numbers of the daemon, of its
 * store and of recipes come from the table of metric.c. */
#include "src/status/status.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "src/status/metric.h"

static void put_string(FILE *out, const char *key, const char *value)
{
	char buffer[6 * 256 + 8];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	json_escape(&text, value, 256);
	fprintf(out, "\"%s\":\"%s\"", key, text.data);
}

static void put_seconds(FILE *out, const char *key, uint64_t us)
{
	fprintf(out, ",\"%s\":%" PRIu64 ".%06" PRIu64, key, us / 1000000, us % 1000000);
}

static void put_count(FILE *out, const char *key, uint64_t value)
{
	fprintf(out, ",\"%s\":%" PRIu64, key, value);
}

/* The rows of the scope that have a key. base: what their offsets count from; comma: what stands
 * before the first one. */
static void put_metrics(enum status_scope scope, const void *base, const char *comma, FILE *out)
{
	for (size_t i = 0; i < status_metric_count; i++) {
		const struct status_metric *metric = &status_metrics[i];
		if (metric->scope != scope || !metric->key)
			continue;
		const uint64_t value = status_metric_value(metric, base);
		const bool in_us = metric->unit && !strcmp(metric->unit, "seconds");
		fprintf(out, "%s\"%s\":%" PRIu64, comma, metric->key,
			in_us ? value / 1000000 : value);
		if (in_us)
			fprintf(out, ".%06" PRIu64, value % 1000000);
		comma = ",";
	}
}

static void put_daemon(const struct status_view *view, FILE *out)
{
	fputc('{', out);
	put_string(out, "version", SLUICE_VERSION);
	put_seconds(out, "time", (uint64_t)view->now_ms * 1000);
	put_metrics(STATUS_OF_DAEMON, view, ",", out);
	fprintf(out, ",\n\"cache\":%s", view->cached ? "{" : "null");
	if (view->cached) {
		put_metrics(STATUS_OF_CACHE, view, "", out);
		fputc('}', out);
	}
}

static void put_ways(const struct metrics_recipe_view *counts, FILE *out)
{
	const char *comma = "";
	fputs(",\"cache\":{", out);
	for (enum access_cache way = ACCESS_CACHE_HIT; way < ACCESS_CACHE_WAYS; way++) {
		fprintf(out, "%s\"%s\":%" PRIu64, comma, access_cache_name(way),
			counts->cache[way]);
		comma = ",";
	}
	fputc('}', out);
}

static void put_statuses(const struct metrics_recipe_view *counts, FILE *out)
{
	const char *comma = "";
	fputs(",\"statuses\":{", out);
	for (size_t i = 0; i < sizeof counts->statuses / sizeof *counts->statuses; i++) {
		if (!counts->statuses[i])
			continue;
		fprintf(out, "%s\"%zu\":%" PRIu64, comma, i + METRICS_STATUS_MIN,
			counts->statuses[i]);
		comma = ",";
	}
	fputc('}', out);
}

static void put_recipe(const struct status_recipe *recipe, FILE *out)
{
	const struct metrics_recipe_view *counts = &recipe->counts;
	const struct metrics_histogram_view *total = &counts->times[METRICS_TOTAL];
	fputc('{', out);
	put_string(out, "name", counts->name);
	if (recipe->configured) {
		fprintf(out, ",\"live\":%s", recipe->live ? "true" : "false");
		put_metrics(STATUS_OF_SLOTS, recipe, ",", out);
	}
	put_metrics(STATUS_OF_RECIPE, recipe, ",", out);
	put_seconds(out, "p50_seconds", metrics_quantile(total->buckets, 0.5));
	put_seconds(out, "p95_seconds", metrics_quantile(total->buckets, 0.95));
	put_ways(counts, out);
	put_statuses(counts, out);
	fputc('}', out);
}

static void put_running(const struct in_flight_view *at, FILE *out)
{
	fputc('{', out);
	put_string(out, "id", at->id);
	fputc(',', out);
	put_string(out, "recipe", at->recipe);
	fputc(',', out);
	put_string(out, "source", at->source);
	fputc(',', out);
	put_string(out, "phase", in_flight_phase_name(at->phase));
	put_seconds(out, "age_seconds", at->age_us);
	put_count(out, "programs", at->programs);
	put_seconds(out, "cpu_seconds", at->cpu_us);
	put_count(out, "memory_bytes", at->rss_bytes);
	put_count(out, "output_bytes", at->bytes);
	fprintf(out, ",\"client\":\"%s\"}", at->gone ? "gone" : "waiting");
}

static void put_failure(const struct history_failure *at, FILE *out)
{
	fputc('{', out);
	put_string(out, "id", at->id);
	put_seconds(out, "time", (uint64_t)at->time_ms * 1000);
	put_count(out, "status", (uint64_t)at->status);
	const struct {
		const char *key, *value;
	} strings[] = {{"outcome", at->outcome}, {"recipe", at->recipe}, {"url", at->url},
		{"reason", at->reason}, {"stderr", at->stderr_tail}};
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		fputc(',', out);
		put_string(out, strings[i].key, strings[i].value);
	}
	fputc('}', out);
}

static void put_window(const struct history_window *at, FILE *out)
{
	fprintf(out, "{\"requests\":%u,\"failures\":%u,\"refused\":%u", at->requests, at->failures,
		at->refused);
	put_count(out, "bytes", at->bytes);
	put_count(out, "results", at->results);
	put_count(out, "hits", at->hits);
	put_seconds(out, "p50_seconds", history_quantile(at, 1, 0.5));
	put_seconds(out, "p95_seconds", history_quantile(at, 1, 0.95));
	fputc('}', out);
}

static void put_holder(const struct launcher_view *at, FILE *out)
{
	fputc('{', out);
	put_string(out, "program", at->program);
	fputc(',', out);
	put_string(out, "prime", at->prime);
	fputc(',', out);
	put_string(out, "state", status_holder_name(at->state));
	put_count(out, "pid", (uint64_t)at->pid);
	put_count(out, "jobs", at->jobs);
	fputc('}', out);
}

#define PUT_ARRAY(name, array, count, put)                                                         \
	do {                                                                                       \
		fputs(",\n\"" name "\":[", out);                                                   \
		for (size_t i = 0; i < (count); i++) {                                             \
			fputs(i ? ",\n" : "\n", out);                                              \
			put(&(array)[i], out);                                                     \
		}                                                                                  \
		fputc(']', out);                                                                   \
	} while (0)

void status_write_json(const struct status_view *view, FILE *out)
{
	put_daemon(view, out);
	PUT_ARRAY("recipes", view->recipes, view->recipe_count, put_recipe);
	PUT_ARRAY("running", view->running, view->running_shown, put_running);
	PUT_ARRAY("holders", view->holders, view->holder_count, put_holder);
	PUT_ARRAY("failures", view->failures, view->failure_count, put_failure);
	fprintf(out, ",\n\"window_seconds\":%d", HISTORY_WINDOW_S);
	PUT_ARRAY("windows", view->windows, (size_t)HISTORY_WINDOWS, put_window);
	fputs("}\n", out);
}

/* SPDX-License-Identifier: MIT */
/* Columns for a terminal. Text from requests is escaped, so no control sequence reaches it. */
#include "src/status/status.h"

#include <inttypes.h>

#include "base/text.h"

static void put_safe(FILE *out, const char *string, size_t max)
{
	char buffer[1024];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	text_escaped(&text, string, max);
	fputs(text.data, out);
}

static void put_span(FILE *out, uint64_t s)
{
	if (s >= 86400)
		fprintf(out, "%" PRIu64 "d ", s / 86400);
	fprintf(out, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600 % 24, s / 60 % 60, s % 60);
}

static void write_recipes(const struct status_view *view, FILE *out)
{
	fputs("\nrecipe            slots  queue     requests  failed  ~p50 ms  ~p95 ms    cpu s  "
	      "peak MiB\n",
		out);
	for (size_t i = 0; i < view->recipe_count; i++) {
		const struct status_recipe *recipe = &view->recipes[i];
		const struct metrics_recipe_view *counts = &recipe->counts;
		const uint64_t *total = counts->times[METRICS_TOTAL].buckets;
		char name[4 * 64 + 4];
		struct text safe;
		text_init(&safe, name, sizeof name);
		text_escaped(&safe, counts->name[0] ? counts->name : "(none)", 64);
		char slots[32] = "-", queue[32] = "-";
		if (recipe->configured) {
			snprintf(slots, sizeof slots, "%u/%u", recipe->used, recipe->slots);
			snprintf(queue, sizeof queue, "%u/%u", recipe->waiting, recipe->queue);
		}
		fprintf(out,
			"%-16s %6s %6s %12" PRIu64 " %7" PRIu64 " %8.1f %8.1f %8.1f %9" PRIu64 "\n",
			name, slots, queue, counts->requests, counts->failures,
			(double)metrics_quantile(total, 0.5) / 1000,
			(double)metrics_quantile(total, 0.95) / 1000, (double)counts->cpu_us / 1e6,
			counts->peak_kib / 1024);
	}
}

/* Says what "~" is. */
static void write_note(FILE *out)
{
	fputs("~ interpolated between the bounds of a histogram; forms: ?html ?json ?openmetrics, "
	      "documentation: ?help\n",
		out);
}

static void write_cache(const struct status_view *view, FILE *out)
{
	const struct cache_counts *cache = &view->cache;
	fputs("\nrequests:", out);
	for (enum access_cache way = ACCESS_CACHE_HIT; way < ACCESS_CACHE_WAYS; way++)
		fprintf(out, " %s %" PRIu64 ",", access_cache_name(way),
			status_cache_requests(view, way));
	fprintf(out, " not modified %" PRIu64 "\n", status_not_modified(view));
	if (!view->cached)
		return;
	fprintf(out,
		"cache: %" PRIu64 " entries, %.1f of %.1f MiB; stored %" PRIu64
		", not stored %" PRIu64 ", evicted %" PRIu64 ", damaged %" PRIu64 "\n",
		cache->entries, (double)cache->used_bytes / 1048576,
		(double)cache->limit_bytes / 1048576, cache->stored, cache->failed, cache->evicted,
		cache->damaged);
}

static void write_running(const struct status_view *view, FILE *out)
{
	fprintf(out, "\nunder way: %zu\n", view->running_count);
	for (size_t i = 0; i < view->running_shown; i++) {
		const struct in_flight_view *at = &view->running[i];
		fprintf(out,
			"%8.1f s  %-10s %-16s cpu %.2f s  %" PRIu64 " MiB  %" PRIu64 " bytes%s  ",
			(double)at->age_us / 1e6, in_flight_phase_name(at->phase), at->recipe,
			(double)at->cpu_us / 1e6, at->rss_bytes >> 20, at->bytes,
			at->gone ? "  client gone" : "");
		put_safe(out, at->source, sizeof at->source);
		fprintf(out, "  %s\n", at->id);
	}
}

static void write_failures(const struct status_view *view, FILE *out)
{
	fprintf(out, "\nlast failures: %zu\n", view->failure_count);
	for (size_t i = 0; i < view->failure_count; i++) {
		const struct history_failure *at = &view->failures[i];
		char stamp[STATUS_STAMP_MAX];
		fprintf(out, "%sZ  %d %s  %s  ", status_stamp(at->time_ms, stamp), at->status,
			at->outcome, at->recipe);
		put_safe(out, at->url, sizeof at->url);
		fputs("  ", out);
		put_safe(out, at->reason, sizeof at->reason);
		fprintf(out, "  %s\n", at->id);
	}
}

void status_write_text(const struct status_view *view, FILE *out)
{
	const size_t minute = 60 / HISTORY_WINDOW_S;
	const struct history_window *last = &view->windows[HISTORY_WINDOWS - minute];
	struct history_window sum = {0};
	history_sum(last, minute, &sum);
	fprintf(out, "sluice %s, up ", SLUICE_VERSION);
	put_span(out, view->up_ms / 1000);
	fprintf(out,
		"\nconnections %u/%u, descriptors %u/%u, threads %u, memory %" PRIu64
		" MiB, cpu %.1f s\n",
		view->connections, view->connections_max, view->files, view->files_max,
		view->threads, view->rss_bytes >> 20, (double)view->cpu_us / 1e6);
	fprintf(out, "slots %u/%u, waiting %u\n", view->used, view->slots, view->waiting);
	if (view->storage.hanging > 0) {
		fprintf(out,
			"storage: %u requests wait, for %" PRIu64 " seconds at most, first for ",
			view->storage.hanging, view->storage.longest_ms / 1000);
		put_safe(out, view->storage.directory, sizeof view->storage.directory);
		fputc('\n', out);
	}
	if (view->log_dropped)
		fprintf(out, "log lines dropped %" PRIu64 "\n", view->log_dropped);
	fprintf(out,
		"last minute: %.*f requests/s, %u failed, %u refused, %u of %u results from the "
		"cache, p50 ~%.1f ms, p95 ~%.1f ms\n",
		sum.requests < 600, (double)sum.requests / 60, sum.failures, sum.refused, sum.hits,
		sum.results, (double)history_quantile(&sum, 1, 0.5) / 1000,
		(double)history_quantile(&sum, 1, 0.95) / 1000);
	write_recipes(view, out);
	write_note(out);
	write_cache(view, out);
	write_running(view, out);
	fprintf(out, "\nheld programs: %zu\n", view->holder_count);
	for (size_t i = 0; i < view->holder_count; i++)
		fprintf(out, "%-9s pid %-8d jobs %-6u %s%s%s\n",
			status_holder_name(view->holders[i].state), (int)view->holders[i].pid,
			view->holders[i].jobs, view->holders[i].program,
			view->holders[i].prime[0] ? " prime " : "", view->holders[i].prime);
	write_failures(view, out);
}

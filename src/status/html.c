/* SPDX-License-Identifier: MIT */
/* What an operator wants to know first stands first, on a phone too: how much is asked, how much
 * fails, how much the store answers, and whether requests wait. */
#include "src/status/status.h"

#include <inttypes.h>

#include "src/status/page.h"
#include "src/status/plot.h"

#define N "<th scope=col class=n>"
#define T "<th scope=col>"
#define W "<th scope=col class=\"n wide\">"

static void put_tile(FILE *out, const char *name, uint64_t value, uint64_t most)
{
	fprintf(out, "<div class=tile><small>%s</small><b>%" PRIu64 "</b>", name, value);
	if (most > 0)
		fprintf(out, "<small>of %" PRIu64 "</small>", most);
	fputs("</div>", out);
}

static void put_bytes_tile(FILE *out, const char *name, uint64_t bytes, uint64_t most)
{
	fprintf(out, "<div class=tile><small>%s</small><b>", name);
	page_bytes(out, bytes);
	fputs("</b>", out);
	if (most > 0) {
		fputs("<small>of ", out);
		page_bytes(out, most);
		fputs("</small>", out);
	}
	fputs("</div>", out);
}

static void write_title(const struct status_view *view, FILE *out)
{
	uint64_t up = view->up_ms / 1000;
	fprintf(out,
		"<header><h1>sluice</h1><span class=soft>version %s, up %" PRIu64 " d %02" PRIu64
		":%02" PRIu64 ":%02" PRIu64 "</span></header>",
		SLUICE_VERSION, up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
	if (view->storage.hanging > 0)
		fprintf(out,
			"<p role=status>storage: %u requests wait, for %" PRIu64
			" seconds at most</p>",
			view->storage.hanging, view->storage.longest_ms / 1000);
}

/* Failures since the start, of all recipes. */
static uint64_t all_failures(const struct status_view *view)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < view->recipe_count; i++)
		sum += view->recipes[i].counts.failures;
	return sum;
}

static void write_key_tiles(const struct status_view *view, FILE *out)
{
	struct history_window minute = {0}, all = {0};
	const size_t first = HISTORY_WINDOWS - 60 / HISTORY_WINDOW_S;
	history_sum(view->windows + first, HISTORY_WINDOWS - first, &minute);
	history_sum(view->windows, HISTORY_WINDOWS, &all);
	fprintf(out,
		"<div class=\"tiles key\"><div class=tile><small>requests</small><b>%.*f/s</b>"
		"<small>in the last minute</small></div>",
		minute.requests < 600, (double)minute.requests / 60);
	fprintf(out,
		"<div class=tile><small>failed</small><b class=\"%s\">%u</b>"
		"<small>in ten minutes; %" PRIu64 " since the start</small></div>",
		all.failures ? "red" : "", all.failures, all_failures(view));
	fputs("<div class=tile><small>from the cache</small><b>", out);
	if (!view->cached)
		fputs("off", out);
	else if (minute.results == 0)
		fputs("–", out);
	else
		fprintf(out, "%.0f %%", 100.0 * minute.hits / minute.results);
	if (view->cached)
		fprintf(out, "</b><small>of %u results in the last minute</small></div>",
			minute.results);
	else
		fputs("</b><small>no cache is configured</small></div>", out);
	fprintf(out,
		"<div class=tile><small>waiting</small><b>%u</b>"
		"<small>%u of %u slots used</small></div></div>",
		view->waiting, view->used, view->slots);
}

static void write_daemon(const struct status_view *view, FILE *out)
{
	fputs("<h2>The daemon</h2><div class=tiles>", out);
	put_tile(out, "connections", view->connections, view->connections_max);
	put_tile(out, "descriptors", view->files, view->files_max);
	put_tile(out, "threads", view->threads, 0);
	put_bytes_tile(out, "memory", view->rss_bytes, 0);
	if (view->log_dropped)
		put_tile(out, "log lines dropped", view->log_dropped, 0);
	if (view->cached) {
		put_bytes_tile(out, "cache", view->cache.used_bytes, view->cache.limit_bytes);
		put_tile(out, "results kept", view->cache.entries, 0);
	}
	fputs("</div>", out);
}

static void put_meter(FILE *out, const char *name, unsigned value, unsigned most)
{
	fprintf(out,
		"<td class=\"n wide\"><meter aria-label=\"%s\" max=%u value=%u></meter> %u/%u</td>",
		name, most ? most : 1, value, value, most);
}

static void put_recipe(const struct status_recipe *recipe, FILE *out)
{
	const struct metrics_recipe_view *counts = &recipe->counts;
	const uint64_t *total = counts->times[METRICS_TOTAL].buckets;
	fputs("<tr>", out);
	page_cell(out, "wrap", counts->name[0] ? counts->name : "(none)");
	fprintf(out, "<td class=n>%" PRIu64 "<td class=\"n %s\">%" PRIu64, counts->requests,
		counts->failures ? "red" : "", counts->failures);
	fprintf(out, "<td class=n>%" PRIu64 "<td class=\"n wide\">%" PRIu64,
		counts->cache[ACCESS_CACHE_HIT] + counts->cache[ACCESS_CACHE_STALE],
		counts->cache[ACCESS_CACHE_JOIN]);
	if (recipe->configured) {
		put_meter(out, "slots used", recipe->used, recipe->slots);
		put_meter(out, "queue", recipe->waiting, recipe->queue);
	} else {
		fputs("<td class=wide><td class=wide>", out);
	}
	fputs("<td class=\"n wide\">", out);
	page_time(out, metrics_quantile(total, 0.5));
	fputs("<td class=n>", out);
	page_time(out, metrics_quantile(total, 0.95));
	fputs("<td class=\"n wide\">", out);
	page_bytes(out, counts->spliced + counts->copied);
	fputs("<td class=\"n wide\">", out);
	page_time(out, counts->cpu_us);
	fputs("<td class=\"n wide\">", out);
	if (counts->peak_kib > 0)
		page_bytes(out, counts->peak_kib * 1024);
	else
		fputs("–", out);
	fputs("</tr>\n", out);
}

static void write_recipes(const struct status_view *view, FILE *out)
{
	fputs("<h2>Recipes</h2>", out);
	page_table_begin(out, "recipes", "Recipes");
	fputs("<tr>" T "recipe" N "requests" N "failed" N "hits" W "joined" W "slots" W "queue" W
	      "p50 ≈" N "p95 ≈" W "sent" W "CPU time" W "peak memory</tr>",
		out);
	for (size_t i = 0; i < view->recipe_count; i++)
		if (view->recipes[i].configured || view->recipes[i].counts.requests > 0)
			put_recipe(&view->recipes[i], out);
	page_table_end(out);
	fputs("<p class=soft>Since the start. ≈ interpolated between the bounds of a histogram; "
	      "half of the requests took at most p50, 95 % at most p95.</p>",
		out);
}

static void write_running(const struct status_view *view, FILE *out)
{
	fprintf(out, "<h2>Under way <span class=soft>%zu</span></h2>", view->running_count);
	if (view->running_count == 0)
		return;
	page_table_begin(out, "running", "Under way");
	fputs("<tr>" N "age" T "phase" T "recipe" T "source" W "CPU time" W "memory" W "output" T
	      "client<th scope=col class=wide>id</tr>",
		out);
	for (size_t i = 0; i < view->running_shown; i++) {
		const struct in_flight_view *at = &view->running[i];
		fprintf(out, "<tr><td class=n>%.1f s<td>%s", (double)at->age_us / 1e6,
			in_flight_phase_name(at->phase));
		page_cell(out, "wrap", at->recipe);
		page_cell(out, "wrap", at->source);
		fprintf(out, "<td class=\"n wide\">%.2f s<td class=\"n wide\">",
			(double)at->cpu_us / 1e6);
		page_bytes(out, at->rss_bytes);
		fputs("<td class=\"n wide\">", out);
		page_bytes(out, at->bytes);
		page_cell(out, at->gone ? "red" : "", at->gone ? "gone" : "waiting");
		page_cell(out, "soft wide", at->id);
		fputs("</tr>\n", out);
	}
	page_table_end(out);
}

static void write_holders(const struct status_view *view, FILE *out)
{
	if (view->holder_count == 0)
		return;
	fputs("<h2>Held programs</h2>", out);
	page_table_begin(out, "holders", "Held programs");
	fputs("<tr>" T "program" T "prime" T "state" N "pid" N "jobs</tr>", out);
	for (size_t i = 0; i < view->holder_count; i++) {
		const struct launcher_view *at = &view->holders[i];
		fputs("<tr>", out);
		page_cell(out, "wrap", at->program);
		page_cell(out, "wrap", at->prime);
		page_cell(out, "", status_holder_name(at->state));
		fprintf(out, "<td class=n>%d<td class=n>%u</tr>\n", (int)at->pid, at->jobs);
	}
	page_table_end(out);
}

static void write_failures(const struct status_view *view, FILE *out)
{
	fputs("<h2>Last failures</h2>", out);
	if (view->failure_count == 0) {
		fputs("<p class=soft>none</p>", out);
		return;
	}
	fputs("<ul id=failures>", out);
	for (size_t i = 0; i < view->failure_count; i++) {
		const struct history_failure *at = &view->failures[i];
		char stamp[STATUS_STAMP_MAX];
		fprintf(out, "<li><span class=red>%d %s</span> ", at->status, at->outcome);
		page_span(out, "", at->recipe);
		fprintf(out, " <span class=soft>%s UTC ", status_stamp(at->time_ms, stamp));
		page_text(out, at->id);
		fputs("</span><br>", out);
		page_span(out, "", at->url);
		fputs("<br>", out);
		page_span(out, "", at->reason);
		if (at->stderr_tail[0]) {
			fputs("<br>", out);
			page_span(out, "soft", at->stderr_tail);
		}
		fputs("</li>\n", out);
	}
	fputs("</ul>", out);
}

void status_write_html(const struct status_view *view, FILE *out)
{
	page_begin(out, "sluice: status", view->nonce, true);
	write_title(view, out);
	write_key_tiles(view, out);
	fputs("<div class=plots>", out);
	status_plot_rates(view->windows, out);
	status_plot_times(view->windows, out);
	status_plot_bytes(view->windows, out);
	fputs("</div>", out);
	write_recipes(view, out);
	write_running(view, out);
	write_failures(view, out);
	write_daemon(view, out);
	write_holders(view, out);
	fputs("<nav aria-label=\"Documentation and other forms\"><a href=\"?help\">Documentation: "
	      "what the numbers mean</a><a href=\"?text\">text</a><a href=\"?json\">JSON</a>"
	      "<a href=\"?openmetrics\">OpenMetrics</a></nav>",
		out);
	page_end(out, view->nonce, true);
}

/* SPDX-License-Identifier: MIT */
/* OpenMetrics 1.0.0: a family stands together, with its type, unit and help before it; the samples
 * of a counter end with _total, the name of a family with its unit. */
#include "src/status/status.h"

#include <inttypes.h>

static void family(
	FILE *out, const char *name, const char *type, const char *unit, const char *help)
{
	fprintf(out, "# TYPE sluice_%s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT sluice_%s %s\n", name, unit);
	fprintf(out, "# HELP sluice_%s %s\n", name, help);
}

static void put_seconds(FILE *out, uint64_t us)
{
	fprintf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void gauge(FILE *out, const char *name, const char *unit, const char *help, uint64_t value)
{
	family(out, name, "gauge", unit, help);
	fprintf(out, "sluice_%s %" PRIu64 "\n", name, value);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "counter", NULL, help);
	fprintf(out, "sluice_%s_total %" PRIu64 "\n", name, value);
}

/* The name of a recipe comes from the configuration, and may hold what it likes. */
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

/* "sluice_NAME{recipe="…"" and what is added, without the closing brace. */
static void put_recipe(FILE *out, const char *name, const struct status_recipe *recipe)
{
	fprintf(out, "sluice_%s{recipe=\"", name);
	put_label(out, recipe->counts.name);
	fputc('"', out);
}

/* A whole line. label: "", or ",NAME=\"VALUE\"" of safe characters. */
static void put_count(FILE *out, const char *name, const struct status_recipe *recipe,
	const char *label, uint64_t value)
{
	put_recipe(out, name, recipe);
	fprintf(out, "%s} %" PRIu64 "\n", label, value);
}

#define EACH_RECIPE(view, recipe)                                                                  \
	for (const struct status_recipe *recipe = (view)->recipes;                                 \
		recipe < (view)->recipes + (view)->recipe_count; recipe++)

static void write_daemon(const struct status_view *view, FILE *out)
{
	family(out, "build", "info", NULL, "The version that runs.");
	fprintf(out, "sluice_build_info{version=\"%s\"} 1\n", SLUICE_VERSION);
	family(out, "start_time_seconds", "gauge", "seconds", "When the daemon began, Unix time.");
	fputs("sluice_start_time_seconds ", out);
	put_seconds(out, (uint64_t)view->started_ms * 1000);
	fputc('\n', out);
	family(out, "process_cpu_seconds", "counter", "seconds",
		"CPU time of the daemon itself, without converters.");
	fputs("sluice_process_cpu_seconds_total ", out);
	put_seconds(out, view->cpu_us);
	fputc('\n', out);
	gauge(out, "process_resident_memory_bytes", "bytes",
		"Memory of the daemon itself, without converters.", view->rss_bytes);
	gauge(out, "process_threads", NULL, "Threads of the daemon.", view->threads);
	gauge(out, "process_open_fds", NULL, "Open descriptors of the daemon.", view->files);
	gauge(out, "process_max_fds", NULL, "Descriptors that it may have.", view->files_max);
	gauge(out, "connections", NULL, "Open connections of web servers.", view->connections);
	gauge(out, "connections_limit", NULL, "Connections that may be open.",
		view->connections_max);
	counter(out, "reloads", "Configurations taken.", view->events[METRICS_RELOADS]);
	counter(out, "reload_failures", "Configurations refused.",
		view->events[METRICS_RELOADS_FAILED]);
	counter(out, "spawner_restarts", "Times that the spawner was lost.",
		view->events[METRICS_SPAWNER_RESTARTS]);
	counter(out, "no_thread_refusals", "Requests refused for want of a thread.",
		view->events[METRICS_NO_THREAD]);
	counter(out, "log_dropped",
		"Lines of the log that were dropped: its reader or disk did not take them.",
		view->log_dropped);
}

static void write_slots(const struct status_view *view, FILE *out)
{
	static const struct {
		const char *name, *help;
		size_t offset;
	} gauges[] = {
		{"slots", "Conversions that may run at once.",
			offsetof(struct status_recipe, slots)},
		{"slots_used", "Conversions that run.", offsetof(struct status_recipe, used)},
		{"queue_limit", "Requests that may wait for a slot.",
			offsetof(struct status_recipe, queue)},
		{"queue_length", "Requests that wait for a slot.",
			offsetof(struct status_recipe, waiting)},
	};
	gauge(out, "daemon_slots", NULL, "Conversions of all recipes at once, live ones aside.",
		view->slots);
	gauge(out, "daemon_slots_used", NULL, "Conversions that run, live ones aside.", view->used);
	for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
		family(out, gauges[i].name, "gauge", NULL, gauges[i].help);
		EACH_RECIPE(view, recipe)
		{
			if (!recipe->configured)
				continue;
			put_recipe(out, gauges[i].name, recipe);
			fprintf(out, "} %u\n",
				*(const unsigned *)(const void *)((const char *)recipe +
								  gauges[i].offset));
		}
	}
	size_t phases[PROGRESS_SENDING + 1] = {0};
	for (size_t i = 0; i < view->running_shown; i++)
		phases[view->running[i].phase]++;
	family(out, "running_requests", "gauge", NULL, "Requests under way, by what they do.");
	for (int i = PROGRESS_QUEUED; i <= PROGRESS_SENDING; i++)
		fprintf(out, "sluice_running_requests{phase=\"%s\"} %zu\n",
			in_flight_phase_name((enum progress_phase)i), phases[i]);
	size_t states[LAUNCHER_REFUSED + 1] = {0};
	for (size_t i = 0; i < view->holder_count; i++)
		states[view->holders[i].state]++;
	family(out, "holders", "gauge", NULL, "Programs held for a warm start, by state.");
	for (int i = 0; i <= LAUNCHER_REFUSED; i++)
		fprintf(out, "sluice_holders{state=\"%s\"} %zu\n",
			status_holder_name((enum launcher_state)i), states[i]);
}

static void write_requests(const struct status_view *view, FILE *out)
{
	family(out, "requests", "counter", NULL, "Requests answered, by status.");
	EACH_RECIPE(view, recipe)
	for (size_t i = 0; i < sizeof recipe->counts.statuses / sizeof(uint64_t); i++) {
		/* What every recipe will see is there from the start. */
		size_t status = i + METRICS_STATUS_MIN;
		if (!recipe->counts.statuses[i] && !(recipe->configured && status == 200))
			continue;
		put_recipe(out, "requests_total", recipe);
		fprintf(out, ",status=\"%zu\"} %" PRIu64 "\n", status, recipe->counts.statuses[i]);
	}
	family(out, "outcomes", "counter", NULL, "Requests answered, by how they ended.");
	EACH_RECIPE(view, recipe)
	for (enum outcome i = 0; i < OUTCOME_COUNT; i++) {
		if (!recipe->counts.outcomes[i])
			continue;
		put_recipe(out, "outcomes_total", recipe);
		fprintf(out, ",outcome=\"%s\"} %" PRIu64 "\n", outcome_name(i),
			recipe->counts.outcomes[i]);
	}
	family(out, "failures", "counter", NULL,
		"Requests that failed by the converter or the daemon, not by the client or load.");
	EACH_RECIPE(view, recipe)
	{
		put_count(out, "failures_total", recipe, "", recipe->counts.failures);
	}
	family(out, "broken_streams", "counter", NULL, "Live answers that failed half-way.");
	EACH_RECIPE(view, recipe)
	{
		put_count(out, "broken_streams_total", recipe, "", recipe->counts.broken);
	}
	family(out, "sent_bytes", "counter", "bytes",
		"Bytes of answers, within the kernel or through a buffer.");
	EACH_RECIPE(view, recipe)
	{
		put_count(out, "sent_bytes_total", recipe, ",way=\"spliced\"",
			recipe->counts.spliced);
		put_count(
			out, "sent_bytes_total", recipe, ",way=\"copied\"", recipe->counts.copied);
	}
}

static void write_conversions(const struct status_view *view, FILE *out)
{
	family(out, "conversions", "counter", NULL, "Conversions, by how their programs started.");
	EACH_RECIPE(view, recipe)
	{
		put_count(out, "conversions_total", recipe, ",start=\"cold\"", recipe->counts.cold);
		put_count(out, "conversions_total", recipe, ",start=\"warm\"", recipe->counts.warm);
	}
	family(out, "conversion_cpu_seconds", "counter", "seconds", "CPU time of converters.");
	EACH_RECIPE(view, recipe)
	{
		put_recipe(out, "conversion_cpu_seconds_total", recipe);
		fputs("} ", out);
		put_seconds(out, recipe->counts.cpu_us);
		fputc('\n', out);
	}
	family(out, "conversion_peak_memory_bytes", "gauge", "bytes",
		"The most that a converter has used.");
	EACH_RECIPE(view, recipe)
	{
		put_count(out, "conversion_peak_memory_bytes", recipe, "",
			recipe->counts.peak_kib * 1024);
	}
}

static void write_cache(const struct status_view *view, FILE *out)
{
	const struct cache_counts *cache = &view->cache;
	family(out, "cache_requests", "counter", NULL,
		"Requests that needed a result, by how they came by it.");
	EACH_RECIPE(view, recipe)
	for (enum access_cache way = ACCESS_CACHE_HIT; way < ACCESS_CACHE_WAYS; way++) {
		if (!recipe->counts.name[0])
			continue;
		put_recipe(out, "cache_requests_total", recipe);
		fprintf(out, ",way=\"%s\"} %" PRIu64 "\n", access_cache_name(way),
			recipe->counts.cache[way]);
	}
	family(out, "cache_refreshes", "counter", NULL,
		"Results made anew for the cache while an older one was sent.");
	EACH_RECIPE(view, recipe)
	{
		put_count(out, "cache_refreshes_total", recipe, "", recipe->counts.refreshes);
	}
	if (!view->cached)
		return;
	gauge(out, "cache_used_bytes", "bytes", "What the results take on the disk.",
		cache->used_bytes);
	gauge(out, "cache_limit_bytes", "bytes", "What they may take.", cache->limit_bytes);
	gauge(out, "cache_entries", NULL, "Results that are kept.", cache->entries);
	counter(out, "cache_stored", "Results that this daemon has put there.", cache->stored);
	counter(out, "cache_store_failures", "Results that could not be kept.", cache->failed);
	counter(out, "cache_evicted", "Results that this daemon has removed to make room.",
		cache->evicted);
	counter(out, "cache_damaged", "What lay there as a result and was none.", cache->damaged);
}

static void write_histogram(FILE *out, const char *name, const struct status_recipe *recipe,
	const struct metrics_histogram_view *histogram)
{
	char sample[128];
	uint64_t sum = 0;
	snprintf(sample, sizeof sample, "%s_bucket", name);
	for (size_t i = 0; i <= METRICS_BOUNDS; i++) {
		sum += histogram->buckets[i];
		put_recipe(out, sample, recipe);
		if (i < METRICS_BOUNDS)
			fprintf(out, ",le=\"%g%s\"} ", (double)metrics_bounds_us[i] / 1e6,
				metrics_bounds_us[i] % 1000000 ? "" : ".0");
		else
			fputs(",le=\"+Inf\"} ", out);
		fprintf(out, "%" PRIu64 "\n", sum);
	}
	snprintf(sample, sizeof sample, "%s_count", name);
	put_recipe(out, sample, recipe);
	fprintf(out, "} %" PRIu64 "\n", sum);
	snprintf(sample, sizeof sample, "%s_sum", name);
	put_recipe(out, sample, recipe);
	fputs("} ", out);
	put_seconds(out, histogram->sum_us);
	fputc('\n', out);
}

static void write_times(const struct status_view *view, FILE *out)
{
	static const struct {
		const char *name, *help;
	} times[METRICS_TIMES] = {
		[METRICS_TOTAL] = {"request_duration_seconds", "From a thread's having a request "
							       "to its end."},
		[METRICS_QUEUE] = {"queue_duration_seconds", "Waiting for a slot."},
		[METRICS_START] = {"start_duration_seconds",
			"From the slot until the programs run."},
		[METRICS_FIRST] = {"first_byte_seconds",
			"From the slot to the programs' first byte."},
		[METRICS_CONVERT] = {"conversion_duration_seconds", "How long the programs ran."},
	};
	for (size_t i = 0; i < METRICS_TIMES; i++) {
		family(out, times[i].name, "histogram", "seconds", times[i].help);
		EACH_RECIPE(view, recipe)
		write_histogram(out, times[i].name, recipe, &recipe->counts.times[i]);
	}
}

void status_write_openmetrics(const struct status_view *view, FILE *out)
{
	write_daemon(view, out);
	write_slots(view, out);
	write_requests(view, out);
	write_conversions(view, out);
	write_cache(view, out);
	write_times(view, out);
	fputs("# EOF\n", out);
}

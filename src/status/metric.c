/* SPDX-License-Identifier: MIT */
/* A new number is a field of status_view or status_recipe, a row here, and a row in the table of
 * doc/monitoring.md. */
#include "src/status/metric.h"

#include <string.h>

#define AT(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define DAEMON(field) .scope = STATUS_OF_DAEMON, AT(struct status_view, field)
#define CACHE(field) .scope = STATUS_OF_CACHE, AT(struct status_view, cache.field)
#define SLOTS(field) .scope = STATUS_OF_SLOTS, AT(struct status_recipe, field)
#define RECIPE(field) .scope = STATUS_OF_RECIPE, AT(struct status_recipe, counts.field)
#define TIME(time) RECIPE(times[time]), .samples = STATUS_HISTOGRAM

/* clang-format off */
const struct status_metric status_metrics[] = {
	{.name = "build", .type = "info", .labels = "version", .samples = STATUS_BUILD,
	 .help = "The version that runs."},
	{.name = "start_time_seconds", .type = "gauge", .unit = "seconds", .key = "start_time",
	 DAEMON(started_ms), .factor = 1000,
	 .help = "When the daemon started, in Unix time."},
	{.name = "process_cpu_seconds", .type = "counter", .unit = "seconds", .key = "cpu_seconds",
	 DAEMON(cpu_us),
	 .help = "CPU time of the daemon itself, without converters."},
	{.name = "process_resident_memory_bytes", .type = "gauge", .unit = "bytes",
	 .key = "memory_bytes", DAEMON(rss_bytes),
	 .help = "Memory of the daemon itself, without converters."},
	{.name = "process_threads", .type = "gauge", .key = "threads", DAEMON(threads),
	 .help = "Threads of the daemon."},
	{.name = "process_open_fds", .type = "gauge", .key = "descriptors", DAEMON(files),
	 .help = "Open descriptors of the daemon."},
	{.name = "process_max_fds", .type = "gauge", .key = "descriptors_limit", DAEMON(files_max),
	 .help = "Descriptors that the daemon may have open."},
	{.name = "connections", .type = "gauge", .key = "connections", DAEMON(connections),
	 .help = "Open connections of web servers."},
	{.name = "connections_limit", .type = "gauge", .key = "connections_limit",
	 DAEMON(connections_max),
	 .help = "Connections that may be open."},
	{.name = "reloads", .type = "counter", .key = "reloads", DAEMON(events[METRICS_RELOADS]),
	 .help = "Reloads that put a new configuration into force."},
	{.name = "reload_failures", .type = "counter", .key = "reload_failures",
	 DAEMON(events[METRICS_RELOADS_FAILED]),
	 .help = "Reloads that failed; the old configuration stayed."},
	{.name = "spawner_restarts", .type = "counter", .key = "spawner_restarts",
	 DAEMON(events[METRICS_SPAWNER_RESTARTS]),
	 .help = "Restarts of the spawner after it was lost."},
	{.name = "no_thread_refusals", .type = "counter", .key = "no_thread_refusals",
	 DAEMON(events[METRICS_NO_THREAD]),
	 .help = "Requests that were refused because no thread could be started."},
	{.name = "log_dropped", .type = "counter", .key = "log_dropped", DAEMON(log_dropped),
	 .help = "Lines of the log that were dropped: its reader or disk did not take them."},
	{.name = "storage_waits", .type = "gauge", .key = "storage_waits", DAEMON(storage.hanging),
	 .help = "Requests whose source the file system has not opened within a second."},
	{.name = "daemon_slots", .type = "gauge", .key = "slots", DAEMON(slots),
	 .help = "Conversions of all recipes that may run at once, without live ones."},
	{.name = "daemon_slots_used", .type = "gauge", .key = "slots_used", DAEMON(used),
	 .help = "Conversions of all recipes that run, without live ones."},
	{.key = "queue_length", DAEMON(waiting)},

	{.name = "slots", .type = "gauge", .key = "slots", SLOTS(slots),
	 .help = "Conversions that may run at once."},
	{.name = "slots_used", .type = "gauge", .key = "slots_used", SLOTS(used),
	 .help = "Conversions that run."},
	{.name = "queue_limit", .type = "gauge", .key = "queue_limit", SLOTS(queue),
	 .help = "Requests that may wait for a slot."},
	{.name = "queue_length", .type = "gauge", .key = "queue_length", SLOTS(waiting),
	 .help = "Requests that wait for a slot."},
	{.name = "running_requests", .type = "gauge", .labels = "phase", .samples = STATUS_BY_PHASE,
	 .help = "Requests in flight, by phase."},
	{.name = "holders", .type = "gauge", .labels = "state", .samples = STATUS_BY_HOLDER_STATE,
	 .help = "Programs that are held for a warm start, by state."},

	{.name = "requests", .type = "counter", .labels = "status", .scope = STATUS_OF_RECIPE,
	 .samples = STATUS_BY_STATUS,
	 .help = "Requests that were answered, by status."},
	{.key = "requests", RECIPE(requests)},
	{.name = "outcomes", .type = "counter", .labels = "outcome", .scope = STATUS_OF_RECIPE,
	 .samples = STATUS_BY_OUTCOME,
	 .help = "Requests that were answered, by outcome."},
	{.name = "failures", .type = "counter", .key = "failures", RECIPE(failures),
	 .help = "Requests that failed because of the converter or the daemon, not of the client or "
		 "the load."},
	{.name = "broken_streams", .type = "counter", .key = "broken_streams", RECIPE(broken),
	 .help = "Live answers that failed half-way."},
	{.name = "sent_bytes", .type = "counter", .unit = "bytes", .key = "spliced_bytes",
	 RECIPE(spliced), .labels = "way", .label = ",way=\"spliced\"",
	 .help = "Bytes of answers that stayed in the kernel (spliced) or went through a buffer "
		 "(copied)."},
	{.name = "sent_bytes", .key = "copied_bytes", RECIPE(copied), .label = ",way=\"copied\""},
	{.name = "conversions", .type = "counter", .key = "conversions_cold", RECIPE(cold),
	 .labels = "start", .label = ",start=\"cold\"",
	 .help = "Conversions, by how their programs were started."},
	{.name = "conversions", .key = "conversions_warm", RECIPE(warm),
	 .label = ",start=\"warm\""},
	{.name = "conversion_cpu_seconds", .type = "counter", .unit = "seconds",
	 .key = "cpu_seconds", RECIPE(cpu_us),
	 .help = "CPU time of converters."},
	{.name = "conversion_peak_memory_bytes", .type = "gauge", .unit = "bytes",
	 .key = "peak_memory_bytes", RECIPE(peak_kib), .factor = 1024,
	 .help = "The most memory that a converter has used."},

	{.name = "cache_requests", .type = "counter", .labels = "way",
	 .scope = STATUS_OF_NAMED_RECIPE, .samples = STATUS_BY_WAY,
	 .help = "Requests that needed a result, by where it came from."},
	{.name = "cache_refreshes", .type = "counter", .key = "refreshes", RECIPE(refreshes),
	 .help = "Results that were made anew for the cache while an older one was sent."},
	{.name = "cache_used_bytes", .type = "gauge", .unit = "bytes", .key = "used_bytes",
	 CACHE(used_bytes),
	 .help = "Bytes that the results in the store take on the disk."},
	{.name = "cache_limit_bytes", .type = "gauge", .unit = "bytes", .key = "limit_bytes",
	 CACHE(limit_bytes),
	 .help = "Bytes that the results in the store may take on the disk."},
	{.name = "cache_entries", .type = "gauge", .key = "entries", CACHE(entries),
	 .help = "Results in the store."},
	{.name = "cache_stored", .type = "counter", .key = "stored", CACHE(stored),
	 .help = "Results that this daemon has stored."},
	{.name = "cache_store_failures", .type = "counter", .key = "store_failures", CACHE(failed),
	 .help = "Results that this daemon could not store."},
	{.name = "cache_evicted", .type = "counter", .key = "evicted", CACHE(evicted),
	 .help = "Results that this daemon has removed to make room."},
	{.name = "cache_damaged", .type = "counter", .key = "damaged", CACHE(damaged),
	 .help = "Entries that this daemon has removed because they were damaged."},

	{.name = "request_duration_seconds", .type = "histogram", .unit = "seconds",
	 TIME(METRICS_TOTAL),
	 .help = "From the moment a thread takes a request to the request's end."},
	{.name = "queue_duration_seconds", .type = "histogram", .unit = "seconds",
	 TIME(METRICS_QUEUE),
	 .help = "The wait for a slot."},
	{.name = "start_duration_seconds", .type = "histogram", .unit = "seconds",
	 TIME(METRICS_START),
	 .help = "From the slot until the programs run."},
	{.name = "first_byte_seconds", .type = "histogram", .unit = "seconds", TIME(METRICS_FIRST),
	 .help = "From the slot to the programs' first byte."},
	{.name = "conversion_duration_seconds", .type = "histogram", .unit = "seconds",
	 TIME(METRICS_CONVERT),
	 .help = "How long the programs ran."},
};
/* clang-format on */

const size_t status_metric_count = sizeof status_metrics / sizeof *status_metrics;

uint64_t status_metric_value(const struct status_metric *metric, const void *base)
{
	const char *at = (const char *)base + metric->offset;
	uint64_t value = 0;
	uint32_t small = 0;
	if (metric->size == sizeof value)
		memcpy(&value, at, sizeof value);
	else
		memcpy(&small, at, sizeof small);
	return (value + small) * (metric->factor ? metric->factor : 1);
}

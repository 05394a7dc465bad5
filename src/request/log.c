/* SPDX-License-Identifier: MIT */
/* What a request was is put together once, for all who want to know. */
#include "src/request/internal.h"

#include "base/clock.h"

static void log_slow(const struct request *request, const struct access *access)
{
	const struct template_argv *argv = request->ran ? &request->ran->argv : NULL;
	char **programs[TEMPLATE_PROGRAMS_MAX];
	unsigned count = argv ? (unsigned)argv->program_count : 0;
	for (unsigned i = 0; i < count; i++)
		programs[i] = argv->programs[i].argv;
	access_log_slow(access, programs, count);
}

void request_log(struct request *request)
{
	struct fcgi_connection_stats stats = fcgi_connection_get_stats(request->connection);
	struct access access = {
		.id = request->id,
		.method = request->method,
		.uri = request->uri,
		.recipe = request->recipe ? request->recipe->name : NULL,
		.status = request->status ? request->status : outcome_status(request->outcome),
		.outcome = request->outcome,
		.broken = request->broken,
		.spliced = stats.spliced,
		.copied = stats.copied,
		.times = request->times,
		.reason = request->reason.data,
		.stderr_tail = "",
		.cache = request->cache,
	};
	access.times.end = clock_now_us();
	if (request->ran)
		conversion_report(request->ran, &access);
	access_log(&access);
	metrics_observe(request->service->observer.metrics, &access);
	history_observe(request->service->observer.history, &access);
	uint64_t slow_us = request->config->slow_ms * 1000;
	if (slow_us && access_total_us(&access.times) > slow_us)
		log_slow(request, &access);
}

/* SPDX-License-Identifier: MIT */
/* A request is described once, for everything that observes it. */
#include "src/request/internal.h"

#include "base/clock.h"
#include "src/convert/report.h"
#include "src/http/outcome.h"

void request_show(struct request *request, const struct progress *progress)
{
	struct request_account *account = &request->account;
	account->in_flight = (struct in_flight_entry){
		.id = request->input.id,
		.recipe = request->decision.recipe->name,
		.source = request->decision.plan->source_name,
		.since_us = account->times.start,
		.progress = progress,
	};
	in_flight_enter(request->service->observer.in_flight, &account->in_flight);
}

void request_hide(struct request *request)
{
	in_flight_leave(request->service->observer.in_flight, &request->account.in_flight);
}

static void log_slow(const struct conversion *ran, const struct access *access)
{
	const struct template_argv *argv = ran ? &ran->argv : NULL;
	char **programs[TEMPLATE_PROGRAMS_MAX];
	unsigned count = argv ? (unsigned)argv->program_count : 0;
	for (unsigned i = 0; i < count; i++)
		programs[i] = argv->programs[i].argv;
	access_log_slow(access, programs, count);
}

/* Each error has a reason; what no step has explained, the outcome does. */
static const char *reason_of(const struct request_account *account, int status)
{
	const char *reason = account->reason.data;
	return *reason || status < 400 ? reason : outcome_message(account->outcome);
}

static void tell_tries(struct request *request)
{
	struct text *reason = &request->account.reason;
	if (request->delivery.tries > 0)
		text_printf(reason, "%sconverted again: the source was overwritten meanwhile",
			reason->len > 0 ? ", " : "");
}

void request_log(struct request *request)
{
	tell_tries(request);
	const struct request_input *input = &request->input;
	const struct request_account *account = &request->account;
	const struct recipe *recipe = request->decision.recipe;
	struct fcgi_connection_stats stats = fcgi_connection_get_stats(input->connection);
	int status = account->status ? account->status : outcome_status(account->outcome);
	struct access access = {
		.id = input->id,
		.method = input->method,
		.uri = input->uri,
		.recipe = recipe ? recipe->name : NULL,
		.status = status,
		.outcome = account->outcome,
		.broken = request->delivery.broken,
		.spliced = stats.spliced,
		.copied = stats.copied,
		.times = account->times,
		.reason = reason_of(account, status),
		.stderr_tail = "",
		.cache = account->cache,
	};
	access.times.end = clock_now_us();
	if (account->ran)
		conversion_report(account->ran, &access);
	access.cpu_us += account->spent_us;
	access_log(&access);
	observer_observe(&request->service->observer, &access);
	uint64_t slow_us = request->config->slow_ms * 1000;
	if (slow_us && access_total_us(&access.times) > slow_us)
		log_slow(account->ran, &access);
}

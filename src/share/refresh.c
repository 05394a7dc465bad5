/* SPDX-License-Identifier: MIT */
/* While a refresh runs, requests get the older result (stale-while-revalidate, RFC 5861). So a
 * refresh is not urgent and must not take the slots of requests that wait: it goes through
 * admission like any other run, and there are at most as many refreshes as conversions run at once.
 * When there is no room for a refresh, the next request for its result tries again. After a failure
 * the next refresh of the same result has to wait a second, then two, four, and so on; otherwise
 * every request would begin one. */
#include "src/share/internal.h"

#include <string.h>

#include "base/clock.h"
#include "src/convert/report.h"

enum { WAIT_FIRST_MS = 1000, WAIT_MAX_MS = 60000 };

static struct share_failure *find_failure(
	struct share_table *table, const uint8_t key[DIGEST_BYTES])
{
	for (size_t i = 0; i < SHARE_FAILURES; i++) {
		struct share_failure *failure = &table->failures[i];
		if (failure->wait_ms > 0 && !memcmp(failure->key, key, DIGEST_BYTES))
			return failure;
	}
	return NULL;
}

bool share_refresh_is_due(struct share_table *table, const uint8_t key[DIGEST_BYTES], unsigned most)
{
	const struct share_failure *failure = find_failure(table, key);
	return !share_find(table, key) && table->refreshing < most &&
	       (!failure || clock_now_ms() >= failure->until_ms);
}

/* The lock. */
static void remember(struct share_table *table, const uint8_t key[DIGEST_BYTES], bool failed)
{
	struct share_failure *failure = find_failure(table, key);
	if (!failed) {
		if (failure)
			failure->wait_ms = 0;
		return;
	}
	if (!failure) {
		failure = &table->failures[table->next_failure++ % SHARE_FAILURES];
		*failure = (struct share_failure){.wait_ms = WAIT_FIRST_MS / 2};
		memcpy(failure->key, key, DIGEST_BYTES);
	}
	failure->wait_ms *= 2;
	if (failure->wait_ms > WAIT_MAX_MS)
		failure->wait_ms = WAIT_MAX_MS;
	failure->until_ms = clock_now_ms() + failure->wait_ms;
}

static void report(struct share_run *shared, const struct share_state *state)
{
	const struct plan *plan = shared->plan;
	struct access access = {
		.id = shared->refresh_id,
		.uri = shared->uri,
		.recipe = plan->recipe->name,
		.refresh = true,
		.status = state->outcome == OUTCOME_MAPPED ? state->status
							   : outcome_status(state->outcome),
		.outcome = state->outcome,
		.times = shared->times,
		.reason = shared->reason.data,
		.stderr_tail = "",
	};
	access.times.end = clock_now_us();
	struct conversion *conversion = run_get_conversion(&shared->run);
	if (conversion)
		conversion_report(conversion, &access);
	access_log(&access);
	observer_observe(shared->sharing->observer, &access);
}

void share_refresh_ended(struct share_run *shared, const struct share_state *state)
{
	struct share_table *table = shared->table;
	report(shared, state);
	pthread_mutex_lock(&table->lock);
	table->refreshing--;
	remember(table, shared->identity.key, state->outcome != OUTCOME_OK);
	pthread_mutex_unlock(&table->lock);
}

void share_convert_refresh(struct share_run *shared, struct share_state *state)
{
	struct in_flight *in_flight = shared->sharing->observer->in_flight;
	shared->in_flight = (struct in_flight_entry){
		.id = shared->refresh_id,
		.recipe = shared->plan->recipe->name,
		.source = shared->plan->source_name,
		.since_us = shared->times.start,
		.progress = &shared->progress,
	};
	in_flight_enter(in_flight, &shared->in_flight);
	share_convert(shared, state);
	in_flight_leave(in_flight, &shared->in_flight);
	share_refresh_ended(shared, state);
}

/* SPDX-License-Identifier: MIT */
/* While a refresh runs, everybody is served with the older result, so it is in no hurry and must
 * not crowd out those who wait: it goes through admission like any other, there are at most as many
 * as conversions run at once, and the next request for a result that found no place tries again.
 * One that fails would be begun again by every request: it is not, for a second, two, four, and so
 * on. */
#include "src/share/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

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

void share_refresh(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *id, struct share_waiter *waiter)
{
	struct share_table *table = sharing->table;
	const unsigned most = (*plan)->config->slots;
	struct share *share = NULL;
	pthread_mutex_lock(&table->lock);
	const struct share_failure *failure = find_failure(table, identity->key);
	bool due = !share_find(table, identity->key) && table->refreshing < most &&
		   (!failure || clock_now_ms() >= failure->until_ms);
	if (due && share_list(sharing, identity, plan, uri, id, &share) == 0) {
		table->refreshing++;
		share->references++;
		*waiter = (struct share_waiter){.share = share, .event = -1};
	}
	pthread_mutex_unlock(&table->lock);
	if (share)
		share_start(share);
}

/* With the lock held. */
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

static void report(struct share *share, const struct share_state *state)
{
	const struct plan *plan = share->plan;
	struct access access = {
		.id = share->refresh_id,
		.uri = share->uri,
		.recipe = plan->recipe->name,
		.refresh = true,
		.status = state->outcome == OUTCOME_MAPPED ? state->status
							   : outcome_status(state->outcome),
		.outcome = state->outcome,
		.times = share->times,
		.reason = share->reason.data,
		.stderr_tail = "",
	};
	access.times.end = clock_now_us();
	if (share->opened)
		conversion_report(&share->conversion, &access);
	access_log(&access);
	metrics_observe(share->sharing->observer->metrics, &access);
	history_observe(share->sharing->observer->history, &access);
}

void share_end_refresh(struct share *share, const struct share_state *state)
{
	struct share_table *table = share->table;
	report(share, state);
	pthread_mutex_lock(&table->lock);
	table->refreshing--;
	remember(table, share->identity.key, state->outcome != OUTCOME_OK);
	pthread_mutex_unlock(&table->lock);
}

void share_run_refresh(struct share *share, struct share_state *state)
{
	struct in_flight *running = share->sharing->observer->in_flight;
	share->running = (struct in_flight_entry){
		.id = share->refresh_id,
		.recipe = share->plan->recipe->name,
		.source = share->plan->source_name,
		.since_us = share->times.start,
		.progress = &share->progress,
	};
	in_flight_enter(running, &share->running);
	share_run(share, state);
	in_flight_leave(running, &share->running);
	share_end_refresh(share, state);
}

/* SPDX-License-Identifier: MIT */
/* What the thread of a share does: the steps are those of a request that is alone, but the output
 * goes to a file, where possible one of the cache, and nobody's connection is looked at. */
#include "src/share/internal.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "src/cache/cache.h"
#include "src/admission/limits.h"

enum { AHEAD_MAX = 16 << 20 };

/* Nobody has read the last AHEAD_MAX bytes of it: time enough for the program to rest. */
static bool is_far_ahead(const struct share *share)
{
	uint64_t read = 0;
	for (const struct share_waiter *waiter = share->waiters; waiter; waiter = waiter->next)
		if (waiter->read > read)
			read = waiter->read;
	return share->waiters && share->state.length > read + AHEAD_MAX;
}

static bool grown(void *data)
{
	struct share *share = data;
	pthread_mutex_lock(&share->table->lock);
	share->state.file = share->pump.file;
	if (share->pump.bytes >= share->plan->recipe->begin_after_bytes &&
		share->state.length != share->pump.bytes) {
		share->state.length = share->pump.bytes;
		share_wake(share);
	}
	bool go_on = !is_far_ahead(share);
	pthread_mutex_unlock(&share->table->lock);
	return go_on;
}

static bool is_wanted(void *data)
{
	const struct share *share = data;
	struct pollfd poll_fd = {.fd = share->abandoned, .events = POLLIN};
	return poll(&poll_fd, 1, 0) == 0;
}

static enum outcome enter_admission(
	struct share *share, struct admission_pass *pass, struct share_state *state)
{
	struct admission_request wanted = limits_request(share->plan->config, share->plan->recipe);
	wanted.watch_fd = share->abandoned;
	wanted.alive = is_wanted;
	wanted.data = share;
	atomic_store(&share->progress.phase, PROGRESS_QUEUED);
	int r = admission_enter(share->sharing->admission, &wanted, pass, &state->retry_after_s);
	share->times.entered = clock_now_us();
	return limits_outcome(r, "no client is left in the queue", &share->reason);
}

static enum outcome pump_all(struct share *share, int *status)
{
	const struct recipe *recipe = share->plan->recipe;
	struct pump *pump = &share->pump;
	struct cache *cache = sharing_store(share->sharing, recipe);
	pump->abandoned = share->abandoned;
	pump->deadline_ms = clock_now_ms() + recipe->timeout_ms;
	pump->grown = grown;
	pump->data = share;
	pump->given = cache ? cache_new(cache, share->identity.key) : -1;
	if (pump->given < 0)
		pump->given = -1;
	enum outcome outcome;
	if (recipe->response == RECIPE_LIVE) {
		if (recipe->max_output_bytes == 0)
			pump->fill_max_bytes = cache ? cache_limit(cache) : recipe->temp_max_bytes;
		outcome = pump_fill(pump, status);
	} else {
		outcome = pump_collect(pump, status);
		if (outcome == OUTCOME_OK)
			outcome = pump_land(pump);
	}
	pump_settle(pump);
	if (pump->given_error)
		cache_fails(cache, pump->given_error);
	return outcome;
}

static enum outcome convert(struct share *share, struct share_state *state)
{
	struct admission_pass pass = {0};
	enum outcome outcome = enter_admission(share, &pass, state);
	if (outcome != OUTCOME_OK)
		return outcome;
	share->opened = true;
	atomic_store(&share->progress.phase, PROGRESS_STARTING);
	outcome = conversion_open(
		&share->conversion, share->sharing->starter, share->plan, &share->reason);
	if (outcome == OUTCOME_OK) {
		share->times.running = clock_now_us();
		conversion_show(&share->conversion, &share->progress);
		outcome = pump_all(share, &state->status);
		share->times.first = share->pump.first_us;
	}
	conversion_close(&share->conversion);
	share->times.done = clock_now_us();
	progress_end(&share->progress, share->pump.bytes);
	admission_leave(share->sharing->admission, &pass);
	return outcome;
}

static void keep(struct share *share, struct share_state *state)
{
	const struct cache_note note = {
		.recipe = share->plan->recipe->name,
		.uri = share->uri,
		.modified = share->identity.modified,
		.lineage = share->plan->recipe->stale_ms > 0 ? share->identity.lineage : NULL,
	};
	state->valid = identity_holds(share->plan);
	source_close(&share->plan->source); /* a descriptor for what keeping needs */
	if (state->valid && share->pump.in_given)
		state->kept = cache_keep(share->sharing->cache, share->identity.key, state->file,
				      state->length, &note) == 0;
}

void share_run(struct share *share, struct share_state *state)
{
	/* Between this request's look and its waiter another share may have landed. */
	struct cache *cache = sharing_store(share->sharing, share->plan->recipe);
	if (cache)
		share->found = cache_find(cache, share->identity.key, &state->length);
	if (share->found >= 0) {
		state->file = share->found;
		state->valid = state->kept = state->found = true;
		return;
	}
	share->found = -1;
	state->outcome = convert(share, state);
	if (state->outcome != OUTCOME_OK)
		return;
	state->file = share->pump.file;
	state->length = share->pump.bytes;
	keep(share, state);
}

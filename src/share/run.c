/* SPDX-License-Identifier: MIT */
/* What the thread of a flight does: the steps are those of a request that is alone, but the output goes to a file, where possible one
 * of the cache, and nobody's connection is looked at. */
#include "src/flight_internal.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "src/cache/cache.h"
#include "src/capacity.h"

enum { AHEAD_MAX = 16 << 20 };

/* Nobody has read the last AHEAD_MAX bytes of it: time enough for the program to rest. */
static bool is_far_ahead(const struct flight *flight)
{
	uint64_t read = 0;
	for (const struct flight_seat *seat = flight->seats; seat; seat = seat->next)
		if (seat->read > read)
			read = seat->read;
	return flight->seats && flight->state.length > read + AHEAD_MAX;
}

static bool grown(void *data)
{
	struct flight *flight = data;
	pthread_mutex_lock(&flight->flights->lock);
	flight->state.file = flight->pump.file;
	if (flight->state.length != flight->pump.bytes) {
		flight->state.length = flight->pump.bytes;
		flight_wake(flight);
	}
	bool go_on = !is_far_ahead(flight);
	pthread_mutex_unlock(&flight->flights->lock);
	return go_on;
}

static bool is_wanted(void *data)
{
	const struct flight *flight = data;
	struct pollfd poll_fd = {.fd = flight->abandoned, .events = POLLIN};
	return poll(&poll_fd, 1, 0) == 0;
}

static enum outcome enter_admission(
	struct flight *flight, struct admission_pass *pass, struct flight_state *state)
{
	struct admission_request wanted =
		capacity_request(flight->plan->config, flight->plan->recipe);
	wanted.watch_fd = flight->abandoned;
	wanted.alive = is_wanted;
	wanted.data = flight;
	atomic_store(&flight->progress.phase, PROGRESS_QUEUED);
	int r = admission_enter(flight->service->admission, &wanted, pass, &state->retry_after_s);
	flight->times.entered = clock_now_us();
	return capacity_outcome(r, "no client is left in the queue", &flight->reason);
}

static enum outcome pump_all(struct flight *flight, int *status)
{
	const struct recipe *recipe = flight->plan->recipe;
	struct pump *pump = &flight->pump;
	struct cache *cache = flight_store(flight->service, recipe);
	pump->abandoned = flight->abandoned;
	pump->deadline_ms = clock_now_ms() + recipe->timeout_ms;
	pump->grown = grown;
	pump->data = flight;
	pump->given = cache ? cache_new(cache, flight->validator.key) : -1;
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

static enum outcome convert(struct flight *flight, struct flight_state *state)
{
	struct admission_pass pass = {0};
	enum outcome outcome = enter_admission(flight, &pass, state);
	if (outcome != OUTCOME_OK)
		return outcome;
	flight->opened = true;
	atomic_store(&flight->progress.phase, PROGRESS_STARTING);
	outcome = conversion_open(
		&flight->conversion, flight->service, flight->plan, &flight->reason);
	if (outcome == OUTCOME_OK) {
		flight->times.running = clock_now_us();
		conversion_show(&flight->conversion, &flight->progress);
		outcome = pump_all(flight, &state->status);
		flight->times.first = flight->pump.first_us;
	}
	conversion_close(&flight->conversion);
	flight->times.done = clock_now_us();
	progress_end(&flight->progress, flight->pump.bytes);
	admission_leave(flight->service->admission, &pass);
	return outcome;
}

static void keep(struct flight *flight, struct flight_state *state)
{
	const struct cache_note note = {
		.recipe = flight->plan->recipe->name,
		.uri = flight->uri,
		.modified = flight->validator.modified,
		.series = flight->plan->recipe->stale_ms > 0 ? flight->validator.series : NULL,
	};
	state->valid = validator_holds(flight->plan);
	source_close(&flight->plan->source); /* a descriptor for what keeping needs */
	if (state->valid && flight->pump.in_given)
		state->kept = cache_keep(flight->service->cache, flight->validator.key, state->file,
				      state->length, &note) == 0;
}

void flight_run(struct flight *flight, struct flight_state *state)
{
	/* Between this request's look and its seat another flight may have landed. */
	struct cache *cache = flight_store(flight->service, flight->plan->recipe);
	if (cache)
		flight->found = cache_find(cache, flight->validator.key, &state->length);
	if (flight->found >= 0) {
		state->file = flight->found;
		state->valid = state->kept = state->found = true;
		return;
	}
	flight->found = -1;
	state->outcome = convert(flight, state);
	if (state->outcome != OUTCOME_OK)
		return;
	state->file = flight->pump.file;
	state->length = flight->pump.bytes;
	keep(flight, state);
}

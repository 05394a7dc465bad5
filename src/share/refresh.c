/* SPDX-License-Identifier: MIT */
/* While a refresh runs, everybody is served with the older result, so it is in no hurry and must not crowd out those who wait: it
 * goes through admission like any other, there are at most as many as conversions run at once, and the next request
 * for a result that found no place tries again. One that fails would be begun again by every request: it is not, for a
 * second, two, four, and so on. */
#include "src/flight_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { WAIT_FIRST_MS = 1000, WAIT_MAX_MS = 60000 };

static struct flight_failure *find_failure(struct flights *flights, const uint8_t key[DIGEST_BYTES])
{
	for (size_t i = 0; i < FLIGHT_FAILURES; i++) {
		struct flight_failure *failure = &flights->failures[i];
		if (failure->wait_ms > 0 && !memcmp(failure->key, key, DIGEST_BYTES))
			return failure;
	}
	return NULL;
}

void flight_refresh(struct service *service, const struct validator *validator, struct plan **plan,
	const char *uri, const char *id, struct flight_seat *seat)
{
	struct flights *flights = service->flights;
	const unsigned most = (*plan)->config->slots;
	struct flight *flight = NULL;
	pthread_mutex_lock(&flights->lock);
	const struct flight_failure *failure = find_failure(flights, validator->key);
	bool due = !flight_look(flights, validator->key) && flights->refreshing < most &&
		   (!failure || clock_now_ms() >= failure->until_ms);
	if (due && flight_list(service, validator, plan, uri, id, &flight) == 0) {
		flights->refreshing++;
		flight->references++;
		*seat = (struct flight_seat){.flight = flight, .event = -1};
	}
	pthread_mutex_unlock(&flights->lock);
	if (flight)
		flight_start(flight);
}

/* With the lock held. */
static void remember(struct flights *flights, const uint8_t key[DIGEST_BYTES], bool failed)
{
	struct flight_failure *failure = find_failure(flights, key);
	if (!failed) {
		if (failure)
			failure->wait_ms = 0;
		return;
	}
	if (!failure) {
		failure = &flights->failures[flights->next_failure++ % FLIGHT_FAILURES];
		*failure = (struct flight_failure){.wait_ms = WAIT_FIRST_MS / 2};
		memcpy(failure->key, key, DIGEST_BYTES);
	}
	failure->wait_ms *= 2;
	if (failure->wait_ms > WAIT_MAX_MS)
		failure->wait_ms = WAIT_MAX_MS;
	failure->until_ms = clock_now_ms() + failure->wait_ms;
}

static void report(struct flight *flight, const struct flight_state *state)
{
	const struct plan *plan = flight->plan;
	struct access access = {
		.id = flight->refresh_id,
		.uri = flight->uri,
		.recipe = plan->recipe->name,
		.refresh = true,
		.status = state->outcome == OUTCOME_MAPPED ? state->status
							   : outcome_status(state->outcome),
		.outcome = state->outcome,
		.times = flight->times,
		.reason = flight->reason.data,
		.words = "",
	};
	access.times.end = clock_now_us();
	if (flight->opened)
		conversion_report(&flight->conversion, &access);
	access_log(&access);
	metrics_observe(flight->service->metrics, &access);
	history_observe(flight->service->history, &access);
}

void flight_end_refresh(struct flight *flight, const struct flight_state *state)
{
	struct flights *flights = flight->flights;
	report(flight, state);
	pthread_mutex_lock(&flights->lock);
	flights->refreshing--;
	remember(flights, flight->validator.key, state->outcome != OUTCOME_OK);
	pthread_mutex_unlock(&flights->lock);
}

void flight_run_refresh(struct flight *flight, struct flight_state *state)
{
	struct running *running = flight->service->running;
	flight->running = (struct running_entry){
		.id = flight->refresh_id,
		.recipe = flight->plan->recipe->name,
		.source = flight->plan->source_name,
		.since_us = flight->times.start,
		.progress = &flight->progress,
	};
	running_enter(running, &flight->running);
	flight_run(flight, state);
	running_leave(running, &flight->running);
	flight_end_refresh(flight, state);
}

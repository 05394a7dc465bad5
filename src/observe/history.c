/* SPDX-License-Identifier: MIT */
/* Each slot of the ring has the number of its window on the monotonic clock. A slot with another
 * number is from an earlier round and counts as empty, so idle periods need no timer. history->lock
 * guards everything; it is held for copies in memory only. */
#include "src/observe/history.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum { RING = HISTORY_WINDOWS };

struct ring_slot {
	uint64_t number; /* of the window, counted from the start of the clock; 0: unused */
	struct history_window window;
};

struct history {
	pthread_mutex_t lock;
	struct ring_slot ring[RING];
	size_t failure_count; /* since the start; the ring keeps the last ones */
	struct history_failure failures[HISTORY_FAILURES];
};

int history_new(struct history **out)
{
	struct history *history = calloc(1, sizeof *history);
	if (!history)
		return -ENOMEM;
	pthread_mutex_init(&history->lock, NULL);
	*out = history;
	return 0;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	pthread_mutex_destroy(&history->lock);
	free(history);
}

static uint64_t window_now(void)
{
	return clock_now_ms() / (HISTORY_WINDOW_S * 1000);
}

static void put_failure(struct history_failure *failure, const struct access *access)
{
	failure->time_ms = clock_unix_ms();
	failure->status = access->status;
	snprintf(failure->id, sizeof failure->id, "%s", access->id);
	snprintf(failure->recipe, sizeof failure->recipe, "%s",
		access->recipe ? access->recipe : "");
	snprintf(failure->outcome, sizeof failure->outcome, "%s", outcome_name(access->outcome));
	snprintf(failure->url, sizeof failure->url, "%s", access->uri ? access->uri : "");
	snprintf(failure->reason, sizeof failure->reason, "%s", access->reason);
	snprintf(failure->stderr_tail, sizeof failure->stderr_tail, "%s",
		text_end(access->stderr_tail, sizeof failure->stderr_tail - 1));
}

void history_observe(struct history *history, const struct access *access)
{
	size_t bucket = metrics_bucket(access_total_us(&access->times));
	pthread_mutex_lock(&history->lock);
	uint64_t number = window_now();
	struct ring_slot *slot = &history->ring[number % RING];
	if (slot->number != number)
		*slot = (struct ring_slot){.number = number};
	if (!access->refresh) {
		slot->window.requests++;
		slot->window.refused += access->status == 503;
		slot->window.bytes += access->spliced + access->copied;
		slot->window.times[bucket]++;
		slot->window.results += access->cache != ACCESS_CACHE_NONE;
		slot->window.hits +=
			access->cache == ACCESS_CACHE_HIT || access->cache == ACCESS_CACHE_STALE;
	}
	if (access_is_failure(access)) {
		slot->window.failures++;
		put_failure(&history->failures[history->failure_count % HISTORY_FAILURES], access);
		history->failure_count++;
	}
	pthread_mutex_unlock(&history->lock);
}

void history_windows(struct history *history, struct history_window out[HISTORY_WINDOWS])
{
	pthread_mutex_lock(&history->lock);
	uint64_t now = window_now();
	for (size_t i = 0; i < HISTORY_WINDOWS; i++) {
		uint64_t number = now - HISTORY_WINDOWS + 1 + i;
		const struct ring_slot *slot = &history->ring[number % RING];
		out[i] = slot->number == number ? slot->window : (struct history_window){0};
	}
	pthread_mutex_unlock(&history->lock);
}

void history_sum(const struct history_window *windows, size_t count, struct history_window *sum)
{
	for (size_t i = 0; i < count; i++) {
		sum->requests += windows[i].requests;
		sum->failures += windows[i].failures;
		sum->refused += windows[i].refused;
		sum->results += windows[i].results;
		sum->hits += windows[i].hits;
		sum->bytes += windows[i].bytes;
		for (size_t j = 0; j <= METRICS_BOUNDS; j++)
			sum->times[j] += windows[i].times[j];
	}
}

uint64_t history_quantile(const struct history_window *windows, size_t count, double share)
{
	uint64_t buckets[METRICS_BOUNDS + 1] = {0};
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j <= METRICS_BOUNDS; j++)
			buckets[j] += windows[i].times[j];
	return metrics_quantile(buckets, share);
}

size_t history_failures(struct history *history, struct history_failure out[HISTORY_FAILURES])
{
	pthread_mutex_lock(&history->lock);
	size_t count = history->failure_count < HISTORY_FAILURES ? history->failure_count
								 : HISTORY_FAILURES;
	for (size_t i = 0; i < count; i++)
		out[i] = history->failures[(history->failure_count - 1 - i) % HISTORY_FAILURES];
	pthread_mutex_unlock(&history->lock);
	return count;
}

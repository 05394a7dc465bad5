/* SPDX-License-Identifier: MIT */
/* Counters, the last minutes, and the table of what runs. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "src/observe/history.h"
#include "src/observe/metrics.h"
#include "src/observe/in_flight.h"

static struct access make_access(const char *recipe, int status, enum outcome outcome)
{
	return (struct access){
		.id = "id",
		.uri = "/url",
		.recipe = recipe,
		.status = status,
		.outcome = outcome,
		.spliced = 1000,
		.copied = 10,
		.converted = true,
		.start = "cold",
		.exit = "0",
		.cpu_us = 500,
		.peak_kib = 100,
		.reason = "why",
		.stderr_tail = "words",
		.times = {.start = 1000000,
			.planned = 1000100,
			.entered = 1000200,
			.running = 1003200,
			.first = 1004200,
			.done = 1053200,
			.end = 1060000},
	};
}

static void times_are_differences(void **state)
{
	(void)state;
	struct access access = make_access("r", 200, OUTCOME_OK);
	assert_int_equal(access_queue_us(&access.times), 100);
	assert_int_equal(access_start_us(&access.times), 3000);
	assert_int_equal(access_first_us(&access.times), 4000);
	assert_int_equal(access_convert_us(&access.times), 50000);
	assert_int_equal(access_send_us(&access.times), 6800);
	assert_int_equal(access_total_us(&access.times), 60000);
	char timing[ACCESS_TIMING_SIZE];
	access_server_timing(&access.times, timing);
	assert_string_equal(
		timing, "queue;dur=0.1, start;dur=3.0, convert;dur=50.0, total;dur=60.0");
	access.times = (struct access_times){.start = 5, .end = 5};
	access_server_timing(&access.times, timing);
	assert_string_equal(timing, "total;dur=0.0");
}

static void counts_by_recipe(void **state)
{
	(void)state;
	struct metrics *metrics;
	assert_int_equal(metrics_new(&metrics), 0);
	metrics_know(metrics, "a");
	metrics_know(metrics, "b");
	metrics_know(metrics, "a");
	struct access good = make_access("b", 200, OUTCOME_OK);
	struct access bad = make_access("b", 502, OUTCOME_CRASHED);
	bad.peak_kib = 50;
	bad.start = "warm";
	struct access none = make_access(NULL, 404, OUTCOME_NOT_FOUND);
	none.converted = false;
	none.times = (struct access_times){.start = 1, .end = 2};
	metrics_observe(metrics, &good);
	metrics_observe(metrics, &bad);
	metrics_observe(metrics, &none);

	const struct metrics_recipe *recipe = metrics_next(metrics, NULL);
	struct metrics_recipe_view view;
	metrics_read(recipe, &view);
	assert_string_equal(view.name, "a");
	assert_int_equal(view.requests, 0);
	recipe = metrics_next(metrics, recipe);
	metrics_read(recipe, &view);
	assert_string_equal(view.name, "b");
	assert_int_equal(view.requests, 2);
	assert_int_equal(view.failures, 1);
	assert_int_equal(view.statuses[200 - METRICS_STATUS_MIN], 1);
	assert_int_equal(view.statuses[502 - METRICS_STATUS_MIN], 1);
	assert_int_equal(view.outcomes[OUTCOME_CRASHED], 1);
	assert_int_equal(view.spliced, 2000);
	assert_int_equal(view.cold, 1);
	assert_int_equal(view.warm, 1);
	assert_int_equal(view.cpu_us, 1000);
	assert_int_equal(view.peak_kib, 100);
	assert_int_equal(view.times[METRICS_TOTAL].count, 2);
	assert_int_equal(view.times[METRICS_TOTAL].sum_us, 120000);
	assert_int_equal(view.times[METRICS_TOTAL].buckets[metrics_bucket(60000)], 2);
	recipe = metrics_next(metrics, recipe);
	metrics_read(recipe, &view);
	assert_string_equal(view.name, "");
	assert_int_equal(view.times[METRICS_TOTAL].count, 1);
	assert_int_equal(view.times[METRICS_QUEUE].count, 0);
	assert_null(metrics_next(metrics, recipe));
	metrics_free(metrics);
}

static void buckets_are_inclusive(void **state)
{
	(void)state;
	assert_int_equal(metrics_bucket(0), 0);
	assert_int_equal(metrics_bucket(metrics_bounds_us[3]), 3);
	assert_int_equal(metrics_bucket(metrics_bounds_us[3] + 1), 4);
	assert_int_equal(metrics_bucket(UINT64_MAX), METRICS_BOUNDS);
	for (size_t i = 1; i < METRICS_BOUNDS; i++)
		assert_true(metrics_bounds_us[i] > metrics_bounds_us[i - 1]);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *observe_many(void *data)
{
	static const char *const names[] = {"x", "y", "z", "w"};
	struct metrics *metrics = data;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct access access = make_access(names[i % 4], 200, OUTCOME_OK);
		metrics_observe(metrics, &access);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	(void)state;
	struct metrics *metrics;
	pthread_t threads[THREADS];
	assert_int_equal(metrics_new(&metrics), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, observe_many, metrics), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	size_t recipes = 0;
	uint64_t requests = 0;
	const struct metrics_recipe *recipe = NULL;
	while ((recipe = metrics_next(metrics, recipe))) {
		struct metrics_recipe_view view;
		metrics_read(recipe, &view);
		requests += view.requests;
		recipes++;
	}
	assert_int_equal(recipes, 4);
	assert_int_equal(requests, THREADS * ROUNDS);
	metrics_free(metrics);
}

static void history_keeps_the_last_failures(void **state)
{
	(void)state;
	struct history *history;
	static struct history_failure failures[HISTORY_FAILURES];
	assert_int_equal(history_new(&history), 0);
	assert_int_equal(history_failures(history, failures), 0);
	char words[600];
	memset(words, 'w', sizeof words);
	memcpy(words + sizeof words - 4, "end", 4);
	for (int i = 0; i < HISTORY_FAILURES + 5; i++) {
		char id[16];
		snprintf(id, sizeof id, "f%d", i);
		struct access access = make_access("r", 422, OUTCOME_REFUSED);
		access.id = id;
		access.stderr_tail = words;
		history_observe(history, &access);
	}
	struct access full = make_access("r", 503, OUTCOME_QUEUE_FULL);
	struct access bad = make_access("r", 400, OUTCOME_BAD_REQUEST);
	history_observe(history, &full);
	history_observe(history, &bad);
	assert_int_equal(history_failures(history, failures), HISTORY_FAILURES);
	assert_string_equal(failures[0].id, "f36");
	assert_string_equal(failures[HISTORY_FAILURES - 1].id, "f5");
	assert_string_equal(failures[0].outcome, "refused");
	assert_non_null(strstr(failures[0].stderr_tail, "wend"));
	history_free(history);
}

static void quantiles(void **state)
{
	(void)state;
	struct history_window windows[2] = {0};
	assert_int_equal(history_quantile(windows, 2, 0.5), 0);
	windows[0].times[2] = 90;
	windows[1].times[5] = 10;
	/* 90 stand evenly from 2.5 to 5 ms, 10 from 25 to 50 ms. */
	assert_int_equal(history_quantile(windows, 2, 0.5), 3889);
	assert_int_equal(history_quantile(windows, 2, 0.9), metrics_bounds_us[2]);
	assert_int_equal(history_quantile(windows, 2, 0.95), 37500);
	assert_int_equal(history_quantile(windows, 2, 1), metrics_bounds_us[5]);
	assert_int_equal(history_quantile(windows, 2, 0), metrics_bounds_us[1]);
	windows[0].times[0] = 1;
	assert_int_equal(history_quantile(windows, 1, 0), 1); /* 0 would mean that there are none */
	windows[0].times[0] = 0;
	windows[1].times[METRICS_BOUNDS] = 1000;
	assert_int_equal(history_quantile(windows, 2, 0.99), metrics_bounds_us[METRICS_BOUNDS - 1]);
}

static void what_runs(void **state)
{
	(void)state;
	struct in_flight *running;
	struct in_flight_view views[2];
	assert_int_equal(in_flight_new(&running), 0);
	struct progress progress = {.phase = PROGRESS_CONVERTING, .bytes = 77};
	atomic_store(&progress.pids[0], (int)getpid()); /* not a child of ours */
	atomic_store(&progress.pids[1], 999999999);
	struct in_flight_entry entries[3];
	static const char *const ids[] = {"one", "two", "three"};
	for (size_t i = 0; i < 3; i++) {
		entries[i] = (struct in_flight_entry){.id = ids[i],
			.recipe = "r",
			.source = "a/b",
			.since_us = clock_now_us(),
			.progress = &progress};
		in_flight_enter(running, &entries[i]);
	}
	assert_int_equal(in_flight_look(running, views, 2), 3);
	assert_string_equal(views[0].id, "one");
	assert_string_equal(views[1].id, "two");
	assert_int_equal(views[0].phase, PROGRESS_CONVERTING);
	assert_int_equal(views[0].bytes, 77);
	assert_int_equal(views[0].programs, 0);
	/* The meter has seen what the daemon may not. */
	atomic_store(&progress.cpu_us, 5);
	atomic_store(&progress.memory_bytes, 6);
	assert_int_equal(in_flight_look(running, views, 2), 3);
	assert_int_equal(views[0].programs, 2);
	assert_int_equal(views[0].cpu_us, 5);
	assert_int_equal(views[0].rss_bytes, 6);
	in_flight_leave(running, &entries[0]);
	in_flight_leave(running, &entries[2]);
	assert_int_equal(in_flight_look(running, views, 2), 1);
	assert_string_equal(views[0].id, "two");
	in_flight_leave(running, &entries[1]);
	assert_int_equal(in_flight_look(running, NULL, 0), 0);
	in_flight_free(running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_differences),
		cmocka_unit_test(counts_by_recipe),
		cmocka_unit_test(buckets_are_inclusive),
		cmocka_unit_test(nothing_is_lost_between_threads),
		cmocka_unit_test(history_keeps_the_last_failures),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(what_runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

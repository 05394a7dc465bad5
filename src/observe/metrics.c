/* SPDX-License-Identifier: MIT */
/* The recipes form a list to which recipes are only added, so a search needs no lock: a new recipe
 * is complete before its pointer is stored with release order. metrics->lock serialises additions.
 * The counters are atomic and relaxed: two of them, read at the same time, may be one request
 * apart. */
#include "src/observe/metrics.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define COUNT(counter, n) atomic_fetch_add_explicit(&(counter), (n), memory_order_relaxed)
#define READ(counter) atomic_load_explicit(&(counter), memory_order_relaxed)

typedef atomic_uint_fast64_t counter;

const uint64_t metrics_bounds_us[METRICS_BOUNDS] = {1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 300000000};

struct histogram {
	counter buckets[METRICS_BOUNDS + 1];
	counter sum_us;
};

struct metrics_recipe {
	counter statuses[METRICS_STATUS_MAX - METRICS_STATUS_MIN + 1];
	counter outcomes[OUTCOME_COUNT];
	counter cache[ACCESS_CACHE_WAYS], refreshes;
	counter failures, broken, spliced, copied, cold, warm, cpu_us, peak_kib;
	struct histogram times[METRICS_TIMES];
	atomic_bool untyped;
	struct metrics_recipe *_Atomic next;
	char name[];
};

struct metrics {
	pthread_mutex_t lock; /* of additions to the list */
	struct metrics_recipe *_Atomic first;
	counter events[METRICS_EVENTS];
	int64_t started_ms;
	uint64_t since_ms; /* the same by clock_now_ms, which nobody sets */
};

int metrics_new(struct metrics **out)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);
	if (!metrics)
		return -ENOMEM;
	pthread_mutex_init(&metrics->lock, NULL);
	metrics->started_ms = clock_unix_ms();
	metrics->since_ms = clock_now_ms();
	*out = metrics;
	return 0;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	struct metrics_recipe *recipe = atomic_load(&metrics->first);
	while (recipe) {
		struct metrics_recipe *next = atomic_load(&recipe->next);
		free(recipe);
		recipe = next;
	}
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

/* The recipe of that name, or NULL. *end is then the pointer at the end of the list. */
static struct metrics_recipe *find(
	struct metrics *metrics, const char *name, struct metrics_recipe *_Atomic **end)
{
	*end = &metrics->first;
	struct metrics_recipe *recipe;
	while ((recipe = atomic_load_explicit(*end, memory_order_acquire))) {
		if (!strcmp(recipe->name, name))
			return recipe;
		*end = &recipe->next;
	}
	return NULL;
}

/* NULL: out of memory. */
static struct metrics_recipe *get(struct metrics *metrics, const char *name)
{
	struct metrics_recipe *_Atomic *end;
	struct metrics_recipe *recipe = find(metrics, name, &end);
	if (recipe)
		return recipe;
	pthread_mutex_lock(&metrics->lock);
	recipe = find(metrics, name, &end);
	if (!recipe) {
		recipe = calloc(1, sizeof *recipe + strlen(name) + 1);
		if (recipe) {
			memcpy(recipe->name, name, strlen(name) + 1);
			atomic_store_explicit(end, recipe, memory_order_release);
		}
	}
	pthread_mutex_unlock(&metrics->lock);
	return recipe;
}

void metrics_know(struct metrics *metrics, const char *recipe)
{
	get(metrics, recipe);
}

size_t metrics_bucket(uint64_t us)
{
	size_t i = 0;
	while (i < METRICS_BOUNDS && us > metrics_bounds_us[i])
		i++;
	return i;
}

uint64_t metrics_quantile(const uint64_t buckets[METRICS_BOUNDS + 1], double share)
{
	uint64_t total = 0, below = 0;
	for (size_t i = 0; i <= METRICS_BOUNDS; i++)
		total += buckets[i];
	const double rank = share * (double)total;
	for (size_t i = 0; i < METRICS_BOUNDS && total > 0; i++) {
		if (buckets[i] > 0 && (double)(below + buckets[i]) >= rank) {
			uint64_t low = i > 0 ? metrics_bounds_us[i - 1] : 0;
			double part = (rank - (double)below) / (double)buckets[i];
			double width = (double)(metrics_bounds_us[i] - low);
			return low + (uint64_t)(part * width + 0.5) + (low == 0 && part <= 0);
		}
		below += buckets[i];
	}
	return total > 0 ? metrics_bounds_us[METRICS_BOUNDS - 1] : 0;
}

int64_t metrics_started_ms(const struct metrics *metrics)
{
	return metrics->started_ms;
}

bool metrics_untyped(struct metrics *metrics, const char *name)
{
	struct metrics_recipe *_Atomic *end;
	struct metrics_recipe *recipe = find(metrics, name, &end);
	return recipe && !atomic_exchange(&recipe->untyped, true);
}

uint64_t metrics_up_ms(const struct metrics *metrics)
{
	return clock_now_ms() - metrics->since_ms;
}

static void observe_time(struct histogram *histogram, uint64_t us)
{
	COUNT(histogram->buckets[metrics_bucket(us)], 1);
	COUNT(histogram->sum_us, us);
}

static void observe_times(struct metrics_recipe *recipe, const struct access_times *times)
{
	observe_time(&recipe->times[METRICS_TOTAL], access_total_us(times));
	if (times->entered)
		observe_time(&recipe->times[METRICS_QUEUE], access_queue_us(times));
	if (times->running) {
		observe_time(&recipe->times[METRICS_START], access_start_us(times));
		observe_time(&recipe->times[METRICS_CONVERT], access_convert_us(times));
	}
	if (times->first)
		observe_time(&recipe->times[METRICS_FIRST], access_first_us(times));
}

static void observe_request(struct metrics_recipe *recipe, const struct access *access)
{
	if (access->status >= METRICS_STATUS_MIN && access->status <= METRICS_STATUS_MAX)
		COUNT(recipe->statuses[access->status - METRICS_STATUS_MIN], 1);
	COUNT(recipe->outcomes[access->outcome], 1);
	COUNT(recipe->cache[access->cache], 1);
	COUNT(recipe->broken, access->broken);
	COUNT(recipe->spliced, access->spliced);
	COUNT(recipe->copied, access->copied);
	observe_times(recipe, &access->times);
}

void metrics_observe(struct metrics *metrics, const struct access *access)
{
	struct metrics_recipe *recipe = get(metrics, access->recipe ? access->recipe : "");
	if (!recipe)
		return;
	COUNT(recipe->failures, access_is_failure(access));
	if (access->refresh)
		COUNT(recipe->refreshes, 1);
	else
		observe_request(recipe, access);
	if (!access->converted)
		return;
	bool cold = !strcmp(access->start, "cold");
	COUNT(recipe->cold, cold);
	COUNT(recipe->warm, !cold);
	COUNT(recipe->cpu_us, access->cpu_us);
	uint_fast64_t peak = READ(recipe->peak_kib);
	while (peak < access->peak_kib &&
		!atomic_compare_exchange_weak(&recipe->peak_kib, &peak, access->peak_kib))
		;
}

void metrics_count(struct metrics *metrics, enum metrics_event event)
{
	COUNT(metrics->events[event], 1);
}

uint64_t metrics_get(const struct metrics *metrics, enum metrics_event event)
{
	return READ(metrics->events[event]);
}

const struct metrics_recipe *metrics_next(
	const struct metrics *metrics, const struct metrics_recipe *recipe)
{
	return atomic_load_explicit(recipe ? &recipe->next : &metrics->first, memory_order_acquire);
}

static void read_histogram(const struct histogram *histogram, struct metrics_histogram_view *out)
{
	out->count = 0;
	for (size_t i = 0; i <= METRICS_BOUNDS; i++)
		out->count += out->buckets[i] = READ(histogram->buckets[i]);
	out->sum_us = READ(histogram->sum_us);
}

void metrics_read(const struct metrics_recipe *recipe, struct metrics_recipe_view *out)
{
	*out = (struct metrics_recipe_view){
		.name = recipe->name,
		.failures = READ(recipe->failures),
		.broken = READ(recipe->broken),
		.refreshes = READ(recipe->refreshes),
		.spliced = READ(recipe->spliced),
		.copied = READ(recipe->copied),
		.cold = READ(recipe->cold),
		.warm = READ(recipe->warm),
		.cpu_us = READ(recipe->cpu_us),
		.peak_kib = READ(recipe->peak_kib),
	};
	for (size_t i = 0; i < sizeof out->statuses / sizeof *out->statuses; i++)
		out->requests += out->statuses[i] = READ(recipe->statuses[i]);
	for (size_t i = 0; i < ACCESS_CACHE_WAYS; i++)
		out->cache[i] = READ(recipe->cache[i]);
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		out->outcomes[i] = READ(recipe->outcomes[i]);
	for (size_t i = 0; i < METRICS_TIMES; i++)
		read_histogram(&recipe->times[i], &out->times[i]);
}

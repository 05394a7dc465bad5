/* SPDX-License-Identifier: MIT */
/* The view is gathered first and written later, so that no lock is held while a client reads
 * slowly. */
#include "src/status/view.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static unsigned count_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	if (!directory)
		return 0;
	unsigned n = 0;
	while (readdir(directory))
		n++;
	closedir(directory);
	return n > 3 ? n - 3 : 0; /* ".", ".." and the directory itself */
}

/* proc(5): field 20 of stat, threads; field 2 of statm, resident pages. */
static void look_at_self(struct status_view *view)
{
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		view->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		view->files_max =
			limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (unsigned)limit.rlim_cur;
	view->files = count_files();
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file && fscanf(file, "%*u %lu", &pages) == 1)
		view->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	if (file)
		fclose(file);
	char line[128];
	file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "Threads: %u", &view->threads) == 1)
			break;
	if (file)
		fclose(file);
}

/* Without random bytes the nonce is empty, and the browser shows the page without its style. */
static void make_nonce(char out[STATUS_NONCE_MAX])
{
	unsigned char bytes[(STATUS_NONCE_MAX - 1) / 2];
	out[0] = '\0';
	if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes)
		return;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static const struct recipe *find_recipe(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->recipe_count; i++)
		if (!strcmp(config->recipes[i]->name, name))
			return config->recipes[i];
	return NULL;
}

static bool look_at_recipes(
	struct status_view *view, const struct service *service, const struct config *config)
{
	size_t count = 0, i = 0;
	const struct metrics_recipe *at = NULL;
	while ((at = metrics_next(service->observer.metrics, at)))
		count++;
	view->recipes = calloc(count ? count : 1, sizeof *view->recipes);
	if (!view->recipes)
		return false;
	while (i < count && (at = metrics_next(service->observer.metrics, at))) {
		struct status_recipe *recipe = &view->recipes[i++];
		metrics_read(at, &recipe->counts);
		const char *name = recipe->counts.name;
		const struct recipe *configured = find_recipe(config, name);
		if (!configured)
			continue;
		struct admission_view gate = admission_look(service->admission, name);
		recipe->configured = true;
		recipe->live = configured->response == RECIPE_LIVE;
		recipe->slots = configured->slots;
		recipe->queue = configured->queue;
		recipe->used = gate.used;
		recipe->waiting = gate.waiting;
	}
	view->recipe_count = count;
	return true;
}

struct status_view *status_view_new(const struct service *service, const struct config *config,
	unsigned connections, unsigned connections_max)
{
	struct status_view *view = calloc(1, sizeof *view);
	if (!view)
		return NULL;
	make_nonce(view->nonce);
	view->now_ms = clock_unix_ms();
	view->started_ms = metrics_started_ms(service->observer.metrics);
	view->up_ms = metrics_up_ms(service->observer.metrics);
	view->connections = connections;
	view->connections_max = connections_max;
	view->log_dropped = log_dropped();
	if (service->storage)
		view->storage = storage_look(service->storage);
	look_at_self(view);
	for (enum metrics_event i = 0; i < METRICS_EVENTS; i++)
		view->events[i] = metrics_get(service->observer.metrics, i);
	struct admission_view all = admission_look(service->admission, NULL);
	view->slots = config->slots;
	view->used = all.used;
	view->waiting = all.waiting;
	view->cached = service->sharing.cache != NULL;
	if (view->cached)
		view->cache = cache_count(service->sharing.cache);
	if (!look_at_recipes(view, service, config)) {
		status_view_free(view);
		return NULL;
	}
	view->running_count =
		in_flight_look(service->observer.in_flight, view->running, STATUS_RUNNING_MAX);
	view->running_shown =
		view->running_count < STATUS_RUNNING_MAX ? view->running_count : STATUS_RUNNING_MAX;
	history_windows(service->observer.history, view->windows);
	view->failure_count = history_failures(service->observer.history, view->failures);
	view->holder_count =
		launcher_look(service->starter.launcher, view->holders, STATUS_HOLDERS_MAX);
	return view;
}

void status_view_free(struct status_view *view)
{
	if (!view)
		return;
	free(view->recipes);
	free(view);
}

uint64_t status_cache_requests(const struct status_view *view, enum access_cache way)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < view->recipe_count; i++)
		sum += view->recipes[i].counts.cache[way];
	return sum;
}

uint64_t status_not_modified(const struct status_view *view)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < view->recipe_count; i++)
		sum += view->recipes[i].counts.statuses[304 - METRICS_STATUS_MIN];
	return sum;
}

const char *status_stamp(int64_t time_ms, char out[STATUS_STAMP_MAX])
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm utc;
	gmtime_r(&seconds, &utc);
	strftime(out, STATUS_STAMP_MAX, "%Y-%m-%d %H:%M:%S", &utc);
	return out;
}

const char *status_holder_name(enum launcher_state state)
{
	static const char *const names[] = {"held", "starting", "refused"};
	return names[state];
}

/* SPDX-License-Identifier: MIT */
/* The thread may be stuck in a name service or a file system for minutes. So nobody joins it: at
 * the end it is told to leave, and whoever comes last, it or the loop's thread, frees what they
 * share. Of the service it uses what it needs with the lock, after a look whether that still
 * stands. */
#include "src/daemon/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "src/observe/metrics.h"
#include "src/daemon/sandbox.h"
#include "src/convert/prefork.h"

enum { RETIRED_MAX = 64, RETIRED_LOOK_S = 1, LEAVE_MS = 200 };

struct reload {
	char *file, *temp_dir;
	const struct service *service; /* with the lock, while not leaving */
	int event;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	bool wanted, busy;   /* is to be read; is being read */
	bool leaving, ended; /* the caller has gone; the thread has */
	bool there;	     /* result is */
	struct reload_result result;
	struct config *retired[RETIRED_MAX];
	size_t retired_count;
};

static void discard(struct reload_result *result)
{
	config_unref(result->config);
	launcher_wish_free(result->wish);
	*result = (struct reload_result){0};
}

static void destroy(struct reload *reload)
{
	discard(&reload->result);
	for (size_t i = 0; i < reload->retired_count; i++)
		config_unref(reload->retired[i]);
	fd_close(&reload->event);
	pthread_cond_destroy(&reload->changed);
	pthread_mutex_destroy(&reload->lock);
	free(reload->file);
	free(reload->temp_dir);
	free(reload);
}

static void log_errors(char *text)
{
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_error("configuration: %s", line);
}

static struct config *load(const struct reload *reload)
{
	struct config *config = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *errors = open_memstream(&text, &size);
	if (!errors)
		return NULL;
	int r = config_load(reload->file, errors, &config);
	fclose(errors);
	log_errors(text);
	free(text);
	return r == 0 ? config : NULL;
}

/* What the service has to say to it. What can be counted is there from the start. */
static bool introduce(struct reload *reload, const struct config *config)
{
	pthread_mutex_lock(&reload->lock);
	bool good = !reload->leaving && sandbox_check(reload->service, config) == 0;
	if (good)
		sandbox_report(reload->service, config);
	pthread_mutex_unlock(&reload->lock);
	for (size_t i = 0; i < config->recipe_count && good; i++) {
		pthread_mutex_lock(&reload->lock);
		good = !reload->leaving;
		if (good)
			metrics_know(reload->service->observer.metrics, config->recipes[i]->name);
		pthread_mutex_unlock(&reload->lock);
	}
	return good;
}

/* Without the lock. */
static struct reload_result prepare(struct reload *reload)
{
	struct reload_result result = {.config = load(reload)};
	if (result.config &&
		(!introduce(reload, result.config) ||
			prefork_wish(result.config, reload->temp_dir, &result.wish) < 0))
		discard(&result);
	return result;
}

/* Frees those that no request has any more. The lock is held, but not meanwhile. */
static void free_retired(struct reload *reload)
{
	for (size_t i = 0; i < reload->retired_count;) {
		struct config *config = reload->retired[i];
		if (config_references(config) > 1) {
			i++;
			continue;
		}
		reload->retired[i] = reload->retired[--reload->retired_count];
		pthread_mutex_unlock(&reload->lock);
		config_unref(config);
		pthread_mutex_lock(&reload->lock);
	}
}

static void wait_for_change(struct reload *reload)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RETIRED_LOOK_S;
	if (reload->retired_count == 0)
		pthread_cond_wait(&reload->changed, &reload->lock);
	else
		pthread_cond_clockwait(&reload->changed, &reload->lock, CLOCK_MONOTONIC, &until);
}

static void *run(void *data)
{
	struct reload *reload = data;
	pthread_mutex_lock(&reload->lock);
	while (!reload->leaving) {
		if (!reload->wanted) {
			wait_for_change(reload);
			free_retired(reload);
			continue;
		}
		reload->wanted = false;
		reload->busy = true;
		pthread_mutex_unlock(&reload->lock);
		struct reload_result result = prepare(reload);
		pthread_mutex_lock(&reload->lock);
		reload->busy = false;
		struct reload_result before = reload->result; /* of which nobody took notice yet */
		reload->result = result;
		reload->there = true;
		eventfd_write(reload->event, 1);
		pthread_mutex_unlock(&reload->lock);
		discard(&before);
		pthread_mutex_lock(&reload->lock);
	}
	bool last = reload->ended;
	reload->ended = true;
	pthread_cond_broadcast(&reload->changed);
	pthread_mutex_unlock(&reload->lock);
	if (last)
		destroy(reload);
	return NULL;
}

int reload_new(const char *file, const struct service *service, struct reload **out)
{
	struct reload *reload = calloc(1, sizeof *reload);
	if (!reload)
		return -ENOMEM;
	pthread_mutex_init(&reload->lock, NULL);
	pthread_cond_init(&reload->changed, NULL);
	reload->service = service;
	reload->file = strdup(file);
	reload->temp_dir = strdup(service->starter.temp_dir);
	reload->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_t thread;
	int r = reload->event < 0 ? -errno : 0;
	if (r == 0 && (!reload->file || !reload->temp_dir))
		r = -ENOMEM;
	if (r == 0)
		r = -pthread_create(&thread, &attributes, run, reload);
	pthread_attr_destroy(&attributes);
	if (r < 0)
		destroy(reload);
	else
		*out = reload;
	return r;
}

void reload_free(struct reload *reload)
{
	if (!reload)
		return;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LEAVE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&reload->lock);
	reload->leaving = true;
	reload->service = NULL;
	pthread_cond_broadcast(&reload->changed);
	int r = 0;
	while (!reload->ended && r == 0)
		r = pthread_cond_clockwait(
			&reload->changed, &reload->lock, CLOCK_MONOTONIC, &until);
	bool last = reload->ended;
	reload->ended = true;
	pthread_mutex_unlock(&reload->lock);
	if (last)
		destroy(reload);
}

void reload_ask(struct reload *reload)
{
	pthread_mutex_lock(&reload->lock);
	reload->wanted = true;
	pthread_cond_broadcast(&reload->changed);
	pthread_mutex_unlock(&reload->lock);
}

int reload_get_fd(const struct reload *reload)
{
	return reload->event;
}

bool reload_take(struct reload *reload, struct reload_result *out)
{
	eventfd_t count;
	eventfd_read(reload->event, &count);
	pthread_mutex_lock(&reload->lock);
	bool there = reload->there;
	if (there) {
		*out = reload->result;
		out->more = reload->wanted || reload->busy;
		reload->result = (struct reload_result){0};
		reload->there = false;
	}
	pthread_mutex_unlock(&reload->lock);
	return there;
}

void reload_retire(struct reload *reload, struct config *config)
{
	pthread_mutex_lock(&reload->lock);
	bool room = reload->retired_count < RETIRED_MAX;
	if (room)
		reload->retired[reload->retired_count++] = config;
	pthread_cond_broadcast(&reload->changed);
	pthread_mutex_unlock(&reload->lock);
	/* So many have live requests that its freeing is theirs. */
	if (!room)
		config_unref(config);
}

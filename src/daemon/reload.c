/* SPDX-License-Identifier: MIT */
/*
 * One detached thread reads configurations and frees old ones. The main thread calls all public
 * functions.
 *
 *   lock      guards everything below it in the structure; held for a few instructions only, so
 *             the loop never waits. The condition `changed` belongs to it.
 *   borrowed  held by the thread while it calls introduce(), and by reload_free when it takes the
 *             caller's data away. introduce() works in memory only.
 *   neither   is held while the thread reads a file, asks for a name, or frees a configuration.
 *
 * The thread may hang in a name service or a file system for minutes, so reload_free does not join
 * it. Thread and reload_free both set `left` under the lock; the second of them frees the
 * structure. A result that the loop has not taken yet is replaced by a newer good one. A reading
 * that fails after a good one does not hide it: the same would happen if the loop had been faster.
 */
#include "src/daemon/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "src/admission/limits.h"
#include "src/convert/prefork.h"
#include "src/daemon/rights.h"

enum { RETIRED_MAX = 64, RETIRED_LOOK_S = 1, LEAVE_MS = 200 };

struct reload {
	char *file, *temp_dir;
	char *started; /* of config_fixed */
	int event;
	int (*introduce)(void *data, const struct config *config);
	pthread_mutex_t borrowed;
	void *data;
	bool returned; /* data is the caller's alone again */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool wanted, reading;
	bool leaving; /* reload_free was called */
	bool left;    /* the thread or reload_free has ended: the other one frees */
	bool there;   /* result is */
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
	pthread_mutex_destroy(&reload->borrowed);
	free(reload->started);
	free(reload->file);
	free(reload->temp_dir);
	free(reload);
}

/* "FILE:LINE: warning: TEXT", where FILE may be an included one. The text comes from the file and
 * may have such a word in it. */
static bool is_warning(const char *line, const char *file)
{
	static const char mark[] = ": warning: ";
	size_t length = strlen(file);
	if (strncmp(line, file, length) != 0 || line[length] != ':')
		length = strcspn(line, ":");
	line += length + (line[length] == ':');
	return !strncmp(line + strspn(line, "0123456789"), mark, sizeof mark - 1);
}

static void log_messages(char *text, const char *file)
{
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		bool warning = is_warning(line, file);
		log_write(warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "configuration: %s", line);
	}
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
	if (r == 0)
		config_warn_fixed(reload->started, config, errors);
	fclose(errors);
	log_messages(text, reload->file);
	free(text);
	return r == 0 ? config : NULL;
}

static int introduce(struct reload *reload, const struct config *config)
{
	pthread_mutex_lock(&reload->borrowed);
	int r = reload->returned ? -ECANCELED : reload->introduce(reload->data, config);
	pthread_mutex_unlock(&reload->borrowed);
	return r;
}

/* Without a lock. */
static struct reload_result prepare(struct reload *reload)
{
	struct reload_result result = {.config = load(reload)};
	int r = result.config ? introduce(reload, result.config) : -EINVAL;
	if (r == 0) {
		rights_report(result.config);
		bool hold = limits_of(result.config, fd_raise_limit()).hold;
		r = prefork_wish(result.config, reload->temp_dir, hold, &result.wish);
		if (r < 0)
			log_error("configuration: %s", strerror(-r));
	}
	if (r < 0) {
		discard(&result);
		result.failed = true;
	}
	return result;
}

/* The lock is held. Returns what has to be discarded without it. */
static struct reload_result publish(struct reload *reload, struct reload_result *result)
{
	struct reload_result before = {0};
	if (reload->result.config && !result->config) {
		reload->result.failed = true;
	} else {
		before = reload->result;
		reload->result = *result;
	}
	reload->there = true;
	eventfd_write(reload->event, 1);
	return before;
}

/* Frees the configurations that no request uses any more. The lock is held, but not meanwhile. */
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

/* The lock is held, but not meanwhile. */
static void read_once(struct reload *reload)
{
	reload->wanted = false;
	reload->reading = true;
	pthread_mutex_unlock(&reload->lock);
	struct reload_result result = prepare(reload);
	pthread_mutex_lock(&reload->lock);
	reload->reading = false;
	struct reload_result before = publish(reload, &result);
	pthread_mutex_unlock(&reload->lock);
	discard(&before);
	pthread_mutex_lock(&reload->lock);
}

static void *run(void *data)
{
	struct reload *reload = data;
	pthread_mutex_lock(&reload->lock);
	while (!reload->leaving) {
		if (reload->wanted)
			read_once(reload);
		else
			wait_for_change(reload);
		free_retired(reload);
	}
	bool last = reload->left;
	reload->left = true;
	pthread_cond_broadcast(&reload->changed);
	pthread_mutex_unlock(&reload->lock);
	if (last)
		destroy(reload);
	return NULL;
}

static int start(struct reload *reload)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int r = -pthread_create(&thread, &attributes, run, reload);
	pthread_attr_destroy(&attributes);
	return r;
}

int reload_new(const struct reload_options *options, struct reload **out)
{
	struct reload *reload = calloc(1, sizeof *reload);
	if (!reload)
		return -ENOMEM;
	pthread_mutex_init(&reload->lock, NULL);
	pthread_mutex_init(&reload->borrowed, NULL);
	pthread_cond_init(&reload->changed, NULL);
	reload->data = options->data;
	reload->introduce = options->introduce;
	reload->started = config_fixed(options->started);
	reload->file = strdup(options->file);
	reload->temp_dir = strdup(options->temp_dir);
	reload->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = reload->event < 0 ? -errno : 0;
	if (r == 0 && (!reload->file || !reload->temp_dir || !reload->started))
		r = -ENOMEM;
	if (r == 0)
		r = start(reload);
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
	pthread_cond_broadcast(&reload->changed);
	int r = 0;
	while (!reload->left && r == 0)
		r = pthread_cond_clockwait(
			&reload->changed, &reload->lock, CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&reload->lock);

	pthread_mutex_lock(&reload->borrowed);
	reload->returned = true;
	pthread_mutex_unlock(&reload->borrowed);

	pthread_mutex_lock(&reload->lock);
	bool last = reload->left;
	reload->left = true;
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
		out->more = reload->wanted || reload->reading;
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
	/* The list is full of configurations that requests still use. This one is freed by its last
	 * request, or here: either way the list stays bounded. */
	if (!room)
		config_unref(config);
}

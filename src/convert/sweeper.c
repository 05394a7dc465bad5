/* SPDX-License-Identifier: MIT */
/*
 * A job decides how much it leaves behind, so the removal must not be work for a thread that a
 * request waits for. A directory gets another name at once, and its old name can go to the next
 * job. The thread works on each directory for a slice of time and then puts it at the end of the
 * list, so a small directory does not wait for a large one.
 *
 * The lock guards everything in struct sweeper except temp_fd and stop. The item that the thread
 * works on is in no list. sweeper_free waits for the thread; any other thread may call
 * sweeper_take.
 */
#include "src/convert/sweeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/tree.h"
#include "src/convert/workdir.h"

enum {
	STACK_BYTES = 256 * 1024,
	ITEMS_MAX = 256,   /* with more items, callers have to help */
	ITEMS_LAST = 4096, /* with more items, new ones are left to the end of the daemon */
	HELP_MS = 5000,
	SLICE_MS = 100,
	SLICES_MAX = 600, /* a process still writes to such a directory: counts as a failed try */
	NAMES_MAX = 16,
	AGAIN_FIRST_MS = 50,
	AGAIN_MAX_MS = 60000,
	TRIES_TOLD = 5, /* logged then: a short lack of descriptors is over after a second */
	TRIES_MAX = 30,
};

struct item {
	char name[WORKDIR_NAME_MAX];
	uint64_t not_before_ms;
	unsigned slices, tries;
	TAILQ_ENTRY(item) entry;
};

struct sweeper {
	int temp_fd;
	atomic_bool stop;
	pthread_attr_t attributes;
	pthread_mutex_t lock;
	pthread_cond_t change; /* of the fields below */
	TAILQ_HEAD(, item) items;
	unsigned count; /* with the item that the thread works on */
	uint64_t names;
	bool running; /* the thread exists */
};

int sweeper_new(int temp_fd, struct sweeper **out)
{
	struct sweeper *sweeper = calloc(1, sizeof *sweeper);
	if (!sweeper)
		return -ENOMEM;
	sweeper->temp_fd = temp_fd;
	pthread_mutex_init(&sweeper->lock, NULL);
	pthread_cond_init(&sweeper->change, NULL);
	pthread_attr_init(&sweeper->attributes);
	pthread_attr_setstacksize(&sweeper->attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&sweeper->attributes, PTHREAD_CREATE_DETACHED);
	TAILQ_INIT(&sweeper->items);
	*out = sweeper;
	return 0;
}

void sweeper_free(struct sweeper *sweeper)
{
	if (!sweeper)
		return;
	atomic_store(&sweeper->stop, true);
	pthread_mutex_lock(&sweeper->lock);
	pthread_cond_broadcast(&sweeper->change);
	while (sweeper->running)
		pthread_cond_wait(&sweeper->change, &sweeper->lock);
	pthread_mutex_unlock(&sweeper->lock);
	struct item *item;
	while ((item = TAILQ_FIRST(&sweeper->items))) {
		TAILQ_REMOVE(&sweeper->items, item, entry);
		free(item);
	}
	pthread_attr_destroy(&sweeper->attributes);
	pthread_cond_destroy(&sweeper->change);
	pthread_mutex_destroy(&sweeper->lock);
	free(sweeper);
}

static int remove_some(struct sweeper *sweeper, const char *name, uint64_t for_ms)
{
	const struct tree_limit limit = {
		.until_ms = clock_now_ms() + for_ms, .stop = &sweeper->stop};
	int r = tree_remove(sweeper->temp_fd, name, &limit);
	return r == -ENOENT ? 0 : r;
}

/* Returns the first item that is due, or NULL with *next set to the time of the next one. */
static struct item *find_due(struct sweeper *sweeper, uint64_t *next)
{
	struct item *item;
	uint64_t now = clock_now_ms();
	*next = CLOCK_NEVER;
	TAILQ_FOREACH (item, &sweeper->items, entry) {
		if (item->not_before_ms <= now)
			return item;
		if (item->not_before_ms < *next)
			*next = item->not_before_ms;
	}
	return NULL;
}

/* Puts the item back at the end of the list, or frees it. */
static void settle(struct sweeper *sweeper, struct item *item, int r)
{
	bool more = r == -EAGAIN && ++item->slices % SLICES_MAX != 0;
	if (r != 0 && !more && !atomic_load(&sweeper->stop)) {
		uint64_t wait = AGAIN_FIRST_MS;
		for (unsigned i = 0; i < item->tries && wait < AGAIN_MAX_MS; i++)
			wait *= 2;
		item->not_before_ms = clock_now_ms() + (wait < AGAIN_MAX_MS ? wait : AGAIN_MAX_MS);
		if (++item->tries == TRIES_TOLD)
			log_warning("temporary directory %s not removed yet: %s", item->name,
				strerror(-r));
	}
	if (r != 0 && item->tries < TRIES_MAX) {
		TAILQ_INSERT_TAIL(&sweeper->items, item, entry);
		return;
	}
	free(item);
	sweeper->count--;
}

static void wait_until(struct sweeper *sweeper, uint64_t ms)
{
	const struct timespec until = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	pthread_cond_clockwait(&sweeper->change, &sweeper->lock, CLOCK_MONOTONIC, &until);
}

static void *sweep(void *argument)
{
	struct sweeper *sweeper = argument;
	pthread_mutex_lock(&sweeper->lock);
	while (!TAILQ_EMPTY(&sweeper->items) && !atomic_load(&sweeper->stop)) {
		uint64_t next;
		struct item *item = find_due(sweeper, &next);
		if (!item) {
			wait_until(sweeper, next);
			continue;
		}
		TAILQ_REMOVE(&sweeper->items, item, entry);
		pthread_mutex_unlock(&sweeper->lock);
		int r = remove_some(sweeper, item->name, SLICE_MS);
		pthread_mutex_lock(&sweeper->lock);
		settle(sweeper, item, r);
	}
	sweeper->running = false;
	/* With the lock: sweeper_free destroys it as soon as it can take it. */
	pthread_cond_broadcast(&sweeper->change);
	pthread_mutex_unlock(&sweeper->lock);
	return NULL;
}

/* Returns whether the item is in the list now. *help: the caller has to work, too. */
static bool enqueue(struct sweeper *sweeper, struct item *item, bool *help)
{
	pthread_t thread;
	pthread_mutex_lock(&sweeper->lock);
	bool queued = item && sweeper->count < ITEMS_LAST;
	if (queued) {
		TAILQ_INSERT_TAIL(&sweeper->items, item, entry);
		sweeper->count++;
		if (sweeper->running)
			pthread_cond_broadcast(&sweeper->change);
		else
			sweeper->running =
				pthread_create(&thread, &sweeper->attributes, sweep, sweeper) == 0;
	}
	*help = !queued || !sweeper->running || sweeper->count > ITEMS_MAX;
	pthread_mutex_unlock(&sweeper->lock);
	return queued;
}

static int rename_away(struct sweeper *sweeper, const char *name, char away[WORKDIR_NAME_MAX])
{
	int r = -EEXIST;
	for (int i = 0; i < NAMES_MAX && r == -EEXIST; i++) {
		pthread_mutex_lock(&sweeper->lock);
		uint64_t number = sweeper->names++;
		pthread_mutex_unlock(&sweeper->lock);
		snprintf(away, WORKDIR_NAME_MAX, "gone%llu", (unsigned long long)number);
		r = renameat(sweeper->temp_fd, name, sweeper->temp_fd, away) == 0 ? 0 : -errno;
		if (r == -ENOTEMPTY || r == -ENOTDIR)
			r = -EEXIST;
	}
	if (r < 0)
		snprintf(away, WORKDIR_NAME_MAX, "%s", name);
	return r;
}

int sweeper_take(struct sweeper *sweeper, const char *name)
{
	char away[WORKDIR_NAME_MAX];
	int renamed = rename_away(sweeper, name, away);
	if (renamed == -ENOENT)
		return 0;
	struct item *item = calloc(1, sizeof *item);
	if (item)
		memcpy(item->name, away, sizeof item->name);
	bool help;
	bool queued = enqueue(sweeper, item, &help);
	int r = help ? remove_some(sweeper, away, HELP_MS) : 0;
	if (!queued) {
		free(item);
		if (r < 0)
			log_warning("temporary directory %s stays until the daemon ends: %s", away,
				strerror(-r));
	}
	return renamed;
}

/* SPDX-License-Identifier: MIT */
/*
 * storage->lock guards the list, which is in order of age, and the flags of its waits; it is held
 * for a look at the hanging ones, of which there are few. `released` tells the worker that the main
 * thread no longer uses the request.
 */
#include "src/request/storage.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spawn/testhook.h"

enum { LOOK_MS = 250 };

TAILQ_HEAD(waits, storage_wait);

struct storage {
	pthread_mutex_t lock;
	pthread_cond_t released;
	struct waits waits;
	uint64_t answer_ms;
	atomic_uint expected, hanging_max;
	uint64_t looked_ms; /* the main thread's */
};

int storage_new(struct storage **out)
{
	struct storage *storage = calloc(1, sizeof *storage);
	const char *answer = testhook("SLUICE_TEST_STORAGE_MS");
	if (!storage)
		return -ENOMEM;
	pthread_mutex_init(&storage->lock, NULL);
	pthread_cond_init(&storage->released, NULL);
	TAILQ_INIT(&storage->waits);
	atomic_init(&storage->hanging_max, UINT_MAX);
	storage->answer_ms = answer ? strtoul(answer, NULL, 10) : STORAGE_ANSWER_MS;
	*out = storage;
	return 0;
}

void storage_free(struct storage *storage)
{
	if (!storage)
		return;
	pthread_cond_destroy(&storage->released);
	pthread_mutex_destroy(&storage->lock);
	free(storage);
}

void storage_set_limit(struct storage *storage, unsigned hanging_max)
{
	atomic_store(&storage->hanging_max, hanging_max);
}

/* "/thumb/photos/1.jpg?size=3" → "/thumb/photos/", or its beginning. */
static void put_directory(const char *uri, char directory[STORAGE_NAME_MAX])
{
	size_t length = strcspn(uri, "?#");
	while (length > 0 && uri[length - 1] != '/')
		length--;
	snprintf(directory, STORAGE_NAME_MAX, "%.*s", (int)length, uri);
}

static bool hangs(const struct storage_wait *wait, uint64_t now)
{
	return now - wait->since_ms >= STORAGE_SLOW_MS;
}

/* The oldest hanging look-up in the directory, when there are so many that no other may begin. The
 * lock is held. */
static const struct storage_wait *find_hanging(
	const struct storage *storage, const char *directory, uint64_t now)
{
	const struct storage_wait *wait, *first = NULL;
	unsigned same = 0, all = 0;
	TAILQ_FOREACH (wait, &storage->waits, entry) {
		if (!hangs(wait, now))
			break;
		all++;
		if (strcmp(wait->directory, directory) != 0)
			continue;
		same++;
		first = first ? first : wait;
	}
	if (same >= STORAGE_SAME_MAX)
		return first;
	return all >= atomic_load(&storage->hanging_max) ? TAILQ_FIRST(&storage->waits) : NULL;
}

bool storage_enter(struct storage *storage, struct storage_wait *wait, void *request,
	const char *uri, struct text *reason)
{
	*wait = (struct storage_wait){.request = request, .since_ms = clock_now_ms()};
	put_directory(uri, wait->directory);
	pthread_mutex_lock(&storage->lock);
	const struct storage_wait *before = find_hanging(storage, wait->directory, wait->since_ms);
	if (before) {
		text_puts(reason, "storage: ");
		text_escaped(reason, before->directory, STORAGE_NAME_MAX);
		text_printf(reason, " has not answered for %llu seconds",
			(unsigned long long)(wait->since_ms - before->since_ms) / 1000);
	} else {
		TAILQ_INSERT_TAIL(&storage->waits, wait, entry);
	}
	pthread_mutex_unlock(&storage->lock);
	return !before;
}

bool storage_leave(struct storage *storage, struct storage_wait *wait)
{
	pthread_mutex_lock(&storage->lock);
	while (wait->claimed && !wait->released)
		pthread_cond_wait(&storage->released, &storage->lock);
	TAILQ_REMOVE(&storage->waits, wait, entry);
	pthread_mutex_unlock(&storage->lock);
	return !wait->claimed;
}

void storage_expect(struct storage *storage)
{
	atomic_fetch_add(&storage->expected, 1);
}

void storage_settle(struct storage *storage)
{
	atomic_fetch_sub(&storage->expected, 1);
}

uint64_t storage_due(struct storage *storage)
{
	return atomic_load(&storage->expected) > 0 ? storage->looked_ms + LOOK_MS : CLOCK_NEVER;
}

bool storage_is_due(struct storage *storage)
{
	uint64_t now = clock_now_ms();
	if (atomic_load(&storage->expected) == 0 || now < storage->looked_ms + LOOK_MS)
		return false;
	storage->looked_ms = now;
	return true;
}

struct storage_wait *storage_claim(struct storage *storage)
{
	uint64_t now = clock_now_ms();
	struct storage_wait *wait;
	pthread_mutex_lock(&storage->lock);
	TAILQ_FOREACH (wait, &storage->waits, entry)
		if (!wait->claimed)
			break;
	if (wait && now - wait->since_ms < storage->answer_ms)
		wait = NULL;
	if (wait)
		wait->claimed = true;
	pthread_mutex_unlock(&storage->lock);
	return wait;
}

void storage_release(struct storage *storage, struct storage_wait *wait)
{
	pthread_mutex_lock(&storage->lock);
	wait->released = true;
	pthread_cond_broadcast(&storage->released);
	pthread_mutex_unlock(&storage->lock);
}

struct storage_view storage_look(struct storage *storage)
{
	struct storage_view view = {0};
	uint64_t now = clock_now_ms();
	const struct storage_wait *wait;
	pthread_mutex_lock(&storage->lock);
	TAILQ_FOREACH (wait, &storage->waits, entry) {
		if (!hangs(wait, now))
			break;
		if (view.hanging++ > 0)
			continue;
		view.longest_ms = now - wait->since_ms;
		memcpy(view.directory, wait->directory, sizeof view.directory);
	}
	pthread_mutex_unlock(&storage->lock);
	return view;
}

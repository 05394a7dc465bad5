/* SPDX-License-Identifier: MIT */
/* The conversion belongs to no client: it runs in its own thread, and every request, also the one
 * that began it, only waits and reads. So nobody's hanging up needs a hand-over, and no slow reader
 * holds up another one. There are as many share_table as conversions run or wait for a slot: a list
 * is enough to find one. */
#include "src/share/internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/thread.h"
#include "src/cache/cache.h"

enum { STACK_BYTES = 256 * 1024 };

void sharing_open(struct sharing *sharing, const struct config *config)
{
	int r = 0;
	if (config->cache_path)
		r = cache_open(config->cache_path, config->cache_bytes, &sharing->cache);
	if (r < 0)
		log_error("cache: nothing is kept: %s: %s", config->cache_path,
			r == -ENOTSUP
				? "the file system has no extended attributes or unnamed files"
				: strerror(-r));
	struct share_table *table = calloc(1, sizeof *table);
	if (!table)
		return;
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->landed, NULL);
	LIST_INIT(&table->list);
	table->running_max = UINT_MAX;
	sharing->table = table;
}

static void end_all(struct share_table *table)
{
	pthread_mutex_lock(&table->lock);
	struct share *share;
	LIST_FOREACH (share, &table->list, entry)
		eventfd_write(share->abandoned, 1);
	while (table->running > 0)
		pthread_cond_wait(&table->landed, &table->lock);
	pthread_mutex_unlock(&table->lock);
	pthread_cond_destroy(&table->landed);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

void sharing_close(struct sharing *sharing)
{
	struct share_table *table = sharing->table;
	if (table)
		end_all(table);
	sharing->table = NULL;
	cache_close(sharing->cache);
	sharing->cache = NULL;
}

struct cache *sharing_store(const struct sharing *sharing, const struct recipe *recipe)
{
	return recipe->cache ? sharing->cache : NULL;
}

void sharing_limit(struct sharing *sharing, unsigned flights_max)
{
	struct share_table *table = sharing->table;
	if (!table)
		return;
	pthread_mutex_lock(&table->lock);
	table->running_max = flights_max;
	pthread_mutex_unlock(&table->lock);
}

/* Never with the lock of all share_table: the kernel frees the blocks of a file that has no name
 * with its last descriptor, within close(2), which takes a tenth of a second for each gigabyte.
 * NULL is fine. */
static void share_free(struct share *share)
{
	if (!share)
		return;
	pump_clear(&share->pump);
	fd_close(&share->found);
	fd_close(&share->abandoned);
	if (share->plan)
		plan_clear(share->plan);
	free(share->plan);
	free(share->uri);
	free(share->refresh_id);
	free(share);
}

/* All of the following with the lock held. */
static void unlist(struct share *share)
{
	if (share->listed)
		LIST_REMOVE(share, entry);
	share->listed = false;
}

void share_wake(const struct share *share)
{
	for (const struct share_waiter *waiter = share->waiters; waiter; waiter = waiter->next)
		eventfd_write(waiter->event, 1);
}

/* Returns the flight when nobody has a part in it any more: then it is the caller's to free,
 * after the lock. */
static struct share *drop(struct share *share)
{
	return --share->references == 0 ? share : NULL;
}

/* The end of a share, without the lock. What it holds for nobody's sake goes before those who
 * wait are told, because they may be many and slow: the source and the event, but not the file. */
static void land(struct share *share, struct share_state *state)
{
	struct share_table *table = share->table;
	source_close(&share->plan->source);
	pthread_mutex_lock(&table->lock);
	if (state->outcome != OUTCOME_OK) { /* what was sent of it was sent */
		state->file = share->state.file;
		state->length = share->state.length;
	}
	share->state = *state;
	int abandoned = fd_take(&share->abandoned);
	unlist(share);
	share_wake(share);
	struct share *unused = drop(share);
	pthread_mutex_unlock(&table->lock);
	fd_close(&abandoned);
	share_free(unused);
	/* Last of all: what a share uses is there as long as it is counted. */
	pthread_mutex_lock(&table->lock);
	if (--table->running == 0)
		pthread_cond_broadcast(&table->landed);
	pthread_mutex_unlock(&table->lock);
}

static void *run(void *argument)
{
	struct share *share = argument;
	struct share_state state = {.ended = true, .file = -1};
	if (share->refresh_id)
		share_run_refresh(share, &state);
	else
		share_run(share, &state);
	land(share, &state);
	return NULL;
}

static int share_new(struct sharing *sharing, const struct identity *identity, const char *uri,
	const char *refresh_id, struct share **out)
{
	struct share *share = calloc(1, sizeof *share);
	if (!share)
		return -ENOMEM;
	share->sharing = sharing;
	share->table = sharing->table;
	share->identity = *identity;
	share->state = (struct share_state){.file = -1};
	share->found = -1;
	share->times.start = share->times.planned = clock_now_us();
	share->uri = strdup(uri);
	share->refresh_id = refresh_id ? strdup(refresh_id) : NULL;
	share->abandoned = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	text_init(&share->reason, share->reason_buffer, sizeof share->reason_buffer);
	pump_init(&share->pump, &share->conversion, NULL, &share->progress, &share->reason);
	int r = share->abandoned < 0 ? -errno : 0;
	if (!share->uri || !refresh_id != !share->refresh_id)
		r = -ENOMEM;
	if (r < 0)
		share_free(share);
	else
		*out = share;
	return r;
}

int share_list(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *refresh_id, struct share **out)
{
	struct share_table *table = sharing->table;
	if (table->running >= table->running_max)
		return SHARE_E_FULL;
	struct share *share;
	int r = share_new(sharing, identity, uri, refresh_id, &share);
	if (r < 0)
		return r;
	share->plan = *plan;
	*plan = NULL;
	share->references = 1;
	table->running++;
	share->listed = true;
	LIST_INSERT_HEAD(&table->list, share, entry);
	*out = share;
	return 0;
}

void share_start(struct share *share)
{
	int r = thread_start(STACK_BYTES, run, share);
	if (r == 0)
		return;
	struct share_state state = {
		.ended = true, .file = -1, .outcome = outcome_from_error(r), .retry_after_s = 1};
	text_printf(&share->reason, "thread: %s", strerror(-r));
	if (share->refresh_id)
		share_end_refresh(share, &state);
	land(share, &state);
}

struct share *share_find(const struct share_table *table, const uint8_t key[DIGEST_BYTES])
{
	struct share *share;
	LIST_FOREACH (share, &table->list, entry)
		if (!memcmp(share->identity.key, key, DIGEST_BYTES))
			break;
	return share;
}

bool share_is_under_way(struct sharing *sharing, const struct identity *identity)
{
	struct share_table *table = sharing->table;
	pthread_mutex_lock(&table->lock);
	bool found = share_find(table, identity->key);
	pthread_mutex_unlock(&table->lock);
	return found;
}

int share_join(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, struct share_waiter *waiter)
{
	struct share_table *table = sharing->table;
	*waiter = (struct share_waiter){.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (waiter->event < 0)
		return -errno;
	int r = 0;
	pthread_mutex_lock(&table->lock);
	struct share *share = share_find(table, identity->key);
	if (!share) {
		waiter->leader = true;
		r = share_list(sharing, identity, plan, uri, NULL, &share);
	}
	if (r == 0) {
		share->references++;
		waiter->share = share;
		waiter->waits = true;
		waiter->next = share->waiters;
		if (waiter->next)
			waiter->next->previous = waiter;
		share->waiters = waiter;
	}
	pthread_mutex_unlock(&table->lock);
	if (r != 0)
		fd_close(&waiter->event);
	else if (waiter->leader)
		share_start(share);
	return r;
}

int share_wait(
	struct share_waiter *waiter, struct fcgi_connection *connection, struct share_state *state)
{
	struct share *share = waiter->share;
	struct pollfd fds[2] = {
		{.fd = waiter->event, .events = POLLIN},
		{.fd = fcgi_connection_get_fd(connection), .events = POLLIN | POLLRDHUP},
	};
	for (;;) {
		eventfd_t count;
		eventfd_read(waiter->event, &count);
		pthread_mutex_lock(&share->table->lock);
		waiter->read = state->length;
		struct share_state now = share->state;
		pthread_mutex_unlock(&share->table->lock);
		if (now.ended != state->ended || now.length != state->length) {
			*state = now;
			return 0;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			int r = fcgi_connection_read(connection);
			if (r < 0 && r != -EAGAIN)
				return r;
		}
	}
}

static void stop_waiting(struct share_waiter *waiter)
{
	if (waiter->previous)
		waiter->previous->next = waiter->next;
	else
		waiter->share->waiters = waiter->next;
	if (waiter->next)
		waiter->next->previous = waiter->previous;
}

void share_leave(struct share_waiter *waiter)
{
	struct share *share = waiter->share;
	if (!share)
		return;
	struct share_table *table = share->table;
	pthread_mutex_lock(&table->lock);
	if (waiter->waits)
		stop_waiting(waiter);
	if (!share->waiters && !share->state.ended && !share->refresh_id &&
		!(share->plan->recipe->finish &&
			sharing_store(share->sharing, share->plan->recipe))) {
		/* Who comes now must not be told of an end that is not its own. */
		unlist(share);
		eventfd_write(share->abandoned, 1);
	}
	struct share *unused = drop(share);
	pthread_mutex_unlock(&table->lock);
	share_free(unused);
	fd_close(&waiter->event);
	waiter->share = NULL;
}

struct conversion *share_get_conversion(const struct share_waiter *waiter)
{
	return waiter->share->opened ? &waiter->share->conversion : NULL;
}

struct access_times share_get_times(const struct share_waiter *waiter)
{
	return waiter->share->times;
}

const struct progress *share_get_progress(const struct share_waiter *waiter)
{
	return &waiter->share->progress;
}

const char *share_get_reason(const struct share_waiter *waiter)
{
	return waiter->share->reason.data;
}

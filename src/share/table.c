/* SPDX-License-Identifier: MIT */
/* The table of shared runs, and the life of a run. There are as many runs as conversions run or
 * wait for a slot, so a list is enough to find one. internal.h says which lock guards what. */
#include "src/share/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/share/store.h"

void sharing_open(struct sharing *sharing, const struct config *config)
{
	store_open(sharing, config);
	struct share_table *table = calloc(1, sizeof *table);
	if (!table)
		return;
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->none_running, NULL);
	LIST_INIT(&table->list);
	table->running_max = UINT_MAX;
	sharing->table = table;
}

static void end_all(struct share_table *table)
{
	pthread_mutex_lock(&table->lock);
	struct share_run *shared;
	LIST_FOREACH (shared, &table->list, entry)
		eventfd_write(shared->abandoned, 1);
	while (table->running > 0)
		pthread_cond_wait(&table->none_running, &table->lock);
	pthread_mutex_unlock(&table->lock);
	pthread_cond_destroy(&table->none_running);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

void sharing_close(struct sharing *sharing)
{
	struct share_table *table = sharing->table;
	if (table)
		end_all(table);
	sharing->table = NULL;
	store_close(sharing);
}

struct cache *sharing_store(const struct sharing *sharing, const struct recipe *recipe)
{
	/* The key of a result names the files that made it, and here they were not known. */
	return recipe->cache && recipe_is_installed(recipe) ? sharing->cache : NULL;
}

void sharing_limit(struct sharing *sharing, unsigned runs_max)
{
	struct share_table *table = sharing->table;
	if (!table)
		return;
	pthread_mutex_lock(&table->lock);
	table->running_max = runs_max;
	pthread_mutex_unlock(&table->lock);
}

void share_free(struct share_run *shared)
{
	if (!shared)
		return;
	run_free(&shared->run);
	fd_close(&shared->found);
	fd_close(&shared->abandoned);
	if (shared->plan)
		plan_clear(shared->plan);
	free(shared->plan);
	free(shared->uri);
	free(shared->refresh_id);
	free(shared);
}

struct share_run *share_find(const struct share_table *table, const uint8_t key[DIGEST_BYTES])
{
	struct share_run *shared;
	LIST_FOREACH (shared, &table->list, entry)
		if (!memcmp(shared->identity.key, key, DIGEST_BYTES))
			break;
	return shared;
}

void share_unlist(struct share_run *shared)
{
	if (shared->listed)
		LIST_REMOVE(shared, entry);
	shared->listed = false;
}

void share_wake(const struct share_run *shared)
{
	for (const struct share_waiter *waiter = shared->waiters; waiter; waiter = waiter->next)
		eventfd_write(waiter->event, 1);
}

struct share_run *share_drop(struct share_run *shared)
{
	return --shared->references == 0 ? shared : NULL;
}

static int share_new(struct sharing *sharing, const struct identity *identity, const char *uri,
	const char *refresh_id, struct share_run **out)
{
	struct share_run *shared = calloc(1, sizeof *shared);
	if (!shared)
		return -ENOMEM;
	shared->sharing = sharing;
	shared->table = sharing->table;
	shared->identity = *identity;
	shared->state = (struct share_state){.file = -1};
	shared->found = -1;
	shared->times.start = shared->times.planned = clock_now_us();
	shared->uri = strdup(uri);
	shared->refresh_id = refresh_id ? strdup(refresh_id) : NULL;
	shared->abandoned = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	text_init(&shared->reason, shared->reason_buffer, sizeof shared->reason_buffer);
	int r = shared->abandoned < 0 ? -errno : 0;
	if (!shared->uri || !refresh_id != !shared->refresh_id)
		r = -ENOMEM;
	if (r < 0)
		share_free(shared);
	else
		*out = shared;
	return r;
}

int share_add(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *refresh_id, struct share_run **out)
{
	struct share_table *table = sharing->table;
	if (table->running >= table->running_max)
		return SHARE_E_FULL;
	struct share_run *shared;
	int r = share_new(sharing, identity, uri, refresh_id, &shared);
	if (r < 0)
		return r;
	shared->plan = *plan;
	*plan = NULL;
	shared->references = 1;
	table->running++;
	shared->listed = true;
	LIST_INSERT_HEAD(&table->list, shared, entry);
	*out = shared;
	return 0;
}

/* Waiters may be many and slow. So everything but the file is closed before they are woken. */
void share_end(struct share_run *shared, struct share_state *state)
{
	struct share_table *table = shared->table;
	source_close(&shared->plan->source);
	pthread_mutex_lock(&table->lock);
	if (state->outcome != OUTCOME_OK) { /* waiters may have sent a part of the file */
		state->file = shared->state.file;
		state->length = shared->state.length;
	}
	shared->state = *state;
	int abandoned = fd_take(&shared->abandoned);
	share_unlist(shared);
	share_wake(shared);
	struct share_run *unused = share_drop(shared);
	pthread_mutex_unlock(&table->lock);
	fd_close(&abandoned);
	share_free(unused);
	/* The last step: while a run is counted, sharing_close waits, and what the run uses
	 * exists. */
	pthread_mutex_lock(&table->lock);
	if (--table->running == 0)
		pthread_cond_broadcast(&table->none_running);
	pthread_mutex_unlock(&table->lock);
}

/* SPDX-License-Identifier: MIT */
/* What the thread of a shared run does: it runs the conversion into a file, where possible one of
 * the cache, and keeps the result. It never looks at a connection. */
#include "src/share/internal.h"

#include <limits.h>

#include "base/clock.h"
#include "src/plan/address.h"
#include "src/source/name.h"

enum { AHEAD_MAX = 16 << 20 };

/* The lock. No waiter has read the last AHEAD_MAX bytes: the program can rest. */
static bool is_far_ahead(const struct share_run *shared)
{
	uint64_t read = 0;
	for (const struct share_waiter *waiter = shared->waiters; waiter; waiter = waiter->next)
		if (waiter->read > read)
			read = waiter->read;
	return shared->waiters && shared->state.length > read + AHEAD_MAX;
}

static bool grown(void *data)
{
	struct share_run *shared = data;
	const struct pump *pump = &shared->run.work->pump;
	pthread_mutex_lock(&shared->table->lock);
	shared->state.file = pump->file;
	if (pump->bytes >= shared->plan->recipe->begin_after_bytes &&
		shared->state.length != pump->bytes) {
		shared->state.length = pump->bytes;
		share_wake(shared);
	}
	bool go_on = !is_far_ahead(shared);
	pthread_mutex_unlock(&shared->table->lock);
	return go_on;
}

static enum outcome move(void *data, struct pump *pump, int *status)
{
	struct share_run *shared = data;
	const struct recipe *recipe = shared->plan->recipe;
	struct cache *cache = sharing_store(shared->sharing, recipe);
	pump->grown = grown;
	pump->data = shared;
	int given = cache ? cache_new(cache, shared->identity.key) : -1;
	pump->given = given < 0 ? -1 : given;
	enum outcome outcome;
	if (recipe->response == RECIPE_LIVE) {
		if (recipe->max_output_bytes == 0)
			pump->fill_max_bytes = cache ? cache_limit(cache) : recipe->temp_max_bytes;
		outcome = pump_fill(pump, status);
	} else {
		outcome = pump_collect(pump, status);
		if (outcome == OUTCOME_OK)
			outcome = pump_land(pump);
	}
	if (pump->given_error)
		cache_fails(cache, pump->given_error);
	return outcome;
}

/* A client cannot arrange that a purge misses the result: neither the URL nor the source's name is
 * in the spelling that it has chosen. */
static struct cache_source describe_source(const struct plan *plan)
{
	struct cache_source source = {
		.device = plan->source.stat.st_dev,
		.inode = plan->source.stat.st_ino,
	};
	char name[PATH_MAX];
	if (source_name_clean(plan->source_name, name))
		cache_source_name(name, source.name);
	if (source_name_real(plan->config->root, plan->source.fd, name))
		cache_source_name(name, source.real_name);
	return source;
}

static void keep(struct share_run *shared, struct share_state *state)
{
	char address[CACHE_URI_MAX + 1];
	struct text uri;
	state->valid = !shared->run.torn;
	if (!state->valid || !shared->run.work->pump.in_given) {
		/* Closing waits, too, when another machine's file system hangs. */
		if (shared->plan->source.local)
			source_close(&shared->plan->source);
		return;
	}
	text_init(&uri, address, sizeof address);
	address_put(shared->plan, &uri);
	const struct cache_note note = {
		.recipe = shared->plan->recipe->name,
		.uri = address,
		.source = describe_source(shared->plan),
		.modified = shared->identity.modified,
		.lineage = shared->plan->recipe->stale_ms > 0 ? shared->identity.lineage : NULL,
	};
	source_close(&shared->plan->source); /* frees a descriptor, which cache_keep needs */
	state->kept = cache_keep(shared->sharing->cache, shared->identity.key, state->file,
			      state->length, &note) == 0;
}

void share_convert(struct share_run *shared, struct share_state *state)
{
	/* Another run may have ended after the leader had looked into the cache. */
	struct cache *cache = sharing_store(shared->sharing, shared->plan->recipe);
	int found = cache ? cache_find(cache, shared->identity.key, &state->length) : -1;
	if (found >= 0) {
		state->file = shared->found = found;
		state->valid = state->kept = state->found = true;
		return;
	}
	shared->run = (struct run){
		.admission = shared->sharing->admission,
		.starter = shared->sharing->starter,
		.plan = shared->plan,
		.abandoned = shared->abandoned,
		.move = move,
		.data = shared,
		.times = &shared->times,
		.progress = &shared->progress,
		.reason = &shared->reason,
		.status = &state->status,
		.retry_after_s = &state->retry_after_s,
	};
	state->outcome = run_convert(&shared->run);
	state->until_ms = shared->run.until_ms;
	if (state->outcome != OUTCOME_OK)
		return;
	state->file = shared->run.work->pump.file;
	state->length = shared->run.work->pump.bytes;
	keep(shared, state);
}

/* SPDX-License-Identifier: MIT */
/*
 * A volume may be mounted later than the daemon starts, and an operator corrects a wrong owner
 * while it runs. So the store is tried again, at first after a second, then at longer and longer
 * distances.
 *
 * path and limit never change after store_open. The rest is atomic: the loop asks when it is time,
 * a worker tries, and a thread of the admin endpoint tells.
 */
#include "src/share/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { FIRST_MS = 1000, LONGEST_MS = 60000 };

struct share_store {
	char *path;
	uint64_t limit_bytes;
	atomic_int error;	/* of the last try, an errno; 0: it is open */
	atomic_ullong due_ms;	/* CLOCK_NEVER: open, or being tried */
	atomic_ullong pause_ms; /* before the next try */
};

static bool try(struct sharing *sharing)
{
	struct share_store *store = sharing->store;
	struct cache *cache = NULL;
	int r = cache_open(store->path, store->limit_bytes, &cache);
	atomic_store(&store->error, -r);
	if (r == 0)
		atomic_store(&sharing->cache, cache);
	return r == 0;
}

static void put_off(struct share_store *store)
{
	unsigned long long pause_ms = atomic_load(&store->pause_ms);
	atomic_store(&store->pause_ms, pause_ms * 2 < LONGEST_MS ? pause_ms * 2 : LONGEST_MS);
	atomic_store(&store->due_ms, clock_now_ms() + pause_ms);
}

void store_open(struct sharing *sharing, const struct config *config)
{
	struct share_store *store = config->cache_path ? calloc(1, sizeof *store) : NULL;
	if (!store)
		return;
	store->path = strdup(config->cache_path);
	store->limit_bytes = config->cache_bytes;
	atomic_init(&store->due_ms, CLOCK_NEVER);
	atomic_init(&store->pause_ms, FIRST_MS);
	if (!store->path) {
		free(store);
		return;
	}
	sharing->store = store;
	if (try(sharing))
		return;
	log_error("cache: nothing is kept, and the store is tried again: %s: %s", store->path,
		cache_describe(NULL, atomic_load(&store->error)));
	put_off(store);
}

uint64_t sharing_due(const struct sharing *sharing)
{
	return sharing->store ? atomic_load(&sharing->store->due_ms) : CLOCK_NEVER;
}

bool sharing_take(struct sharing *sharing)
{
	unsigned long long due_ms = sharing_due(sharing);
	return due_ms <= clock_now_ms() &&
	       atomic_compare_exchange_strong(&sharing->store->due_ms, &due_ms, CLOCK_NEVER);
}

void sharing_put_off(struct sharing *sharing)
{
	put_off(sharing->store);
}

void sharing_tend(struct sharing *sharing)
{
	if (try(sharing))
		log_notice("cache: the store is open, and results are kept from now on: %s",
			sharing->store->path);
	else
		put_off(sharing->store);
}

bool sharing_problem(const struct sharing *sharing, struct text *out)
{
	const struct share_store *store = sharing->store;
	const struct cache *cache = sharing->cache;
	int error = store ? atomic_load(&store->error) : 0;
	bool open = error == 0;
	if (open && cache)
		error = cache_get_error(cache);
	if (error == 0)
		return false;
	text_puts(out, open ? "cache: nothing is kept for now: "
			    : "cache: nothing is kept, and the store is tried again: ");
	text_escaped(out, store->path, 1024);
	text_printf(out, ": %s", cache_describe(cache, error));
	return true;
}

void store_close(struct sharing *sharing)
{
	cache_close(atomic_load(&sharing->cache));
	atomic_store(&sharing->cache, NULL);
	if (sharing->store)
		free(sharing->store->path);
	free(sharing->store);
	sharing->store = NULL;
}

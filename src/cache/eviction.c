/* SPDX-License-Identifier: MIT */
/* The store has no index: a store of a million entries opens at once, and several daemons need not
 * agree about an index. The price is a search when room is needed. The search goes through the
 * directories, from a random one on, until it has seen SEEN_ENOUGH entries. The oldest sixteenth of
 * them are the next victims. A store of up to SEEN_ENOUGH entries is seen whole, so there the order
 * is exactly least recently used. In a larger store the victims are almost certainly among the
 * oldest.
 *
 * Locks: cache->evicting guards the list of victims between the threads of this daemon; under it,
 * cache_usage_lock lets one daemon evict at a time. Both are held while one file is unlinked, but
 * not while the kernel frees its blocks. */
#include "src/cache/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"

enum { SEEN_ENOUGH = 2048, VICTIM_SHARE = 16, ROUNDS_MAX = 64 };

static int by_age(const void *a, const void *b)
{
	const struct cache_victim *left = a, *right = b;
	if (left->used.tv_sec != right->used.tv_sec)
		return left->used.tv_sec < right->used.tv_sec ? 1 : -1;
	return left->used.tv_nsec < right->used.tv_nsec	  ? 1
	       : left->used.tv_nsec > right->used.tv_nsec ? -1
							  : 0;
}

struct sample {
	struct cache *cache;
	size_t count;
	struct cache_victim *found;
};

static void add_victim(
	struct sample *sample, const char *prefix, const char *name, const struct stat *st)
{
	if (!sample->found || sample->count == 2 * SEEN_ENOUGH)
		return;
	struct cache_victim *victim = &sample->found[sample->count++];
	memcpy(victim->name, prefix, 4);
	victim->name[4] = '/';
	memcpy(victim->name + 5, name, DIGEST_HEX_MAX);
	victim->used = st->st_atim;
}

/* Adds the entries of one directory to the sample, and puts the directory's numbers right. */
static void look_through(struct sample *sample, unsigned number)
{
	struct cache *cache = sample->cache;
	struct cache_amount before, found = {0};
	char prefix[8];
	cache_directory_name(number, prefix);
	DIR *directory = cache_directory_list(cache, number, &before);
	if (!directory)
		return;
	unsigned seen = 0;
	const char *name;
	while ((name = cache_directory_next(directory, &seen))) {
		struct stat st;
		if (!cache_is_name(name) ||
			fstatat(dirfd(directory), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		found.bytes += (int64_t)cache_cost(cache, (uint64_t)st.st_size);
		found.entries++;
		add_victim(sample, prefix, name, &st);
	}
	closedir(directory);
	cache_usage_correct(cache, number, before, found);
}

/* The search begins where the last one ended. So a directory that cannot be read does not keep the
 * others from being counted. */
void cache_count_some(struct cache *cache)
{
	struct sample none = {.cache = cache};
	uint8_t counted[CACHE_DIRECTORIES];
	cache_usage_counted(cache, counted);
	if (!memchr(counted, 0, sizeof counted))
		return;
	unsigned from = atomic_load(&cache->count_from), looked = 0, i;
	for (i = 0; i < CACHE_DIRECTORIES && looked < CACHE_COUNT_AT_ONCE; i++) {
		unsigned number = (from + i) % CACHE_DIRECTORIES;
		if (counted[number])
			continue;
		look_through(&none, number);
		looked++;
	}
	atomic_store(&cache->count_from, (from + i) % CACHE_DIRECTORIES);
}

/* Fills the list of victims. */
static void find_victims(struct cache *cache)
{
	struct sample sample = {
		.cache = cache, .found = malloc(2 * SEEN_ENOUGH * sizeof *sample.found)};
	uint16_t start = 0;
	int64_t bytes[CACHE_DIRECTORIES];
	cache_usage_bytes(cache, bytes);
	if (!sample.found || getrandom(&start, sizeof start, GRND_NONBLOCK) < 0)
		start = 0;
	for (unsigned i = 0; i < CACHE_DIRECTORIES && sample.found && sample.count < SEEN_ENOUGH;
		i++) {
		unsigned number = (start + i) % CACHE_DIRECTORIES;
		if (bytes[number] != 0)
			look_through(&sample, number);
	}
	size_t wanted = sample.count / VICTIM_SHARE + 1;
	if (wanted > CACHE_VICTIMS_MAX)
		wanted = CACHE_VICTIMS_MAX;
	if (wanted > sample.count)
		wanted = sample.count;
	if (wanted > 0) {
		qsort(sample.found, sample.count, sizeof *sample.found, by_age);
		memcpy(cache->victims, sample.found + (sample.count - wanted),
			wanted * sizeof *sample.found);
	}
	cache->victim_count = wanted;
	free(sample.found);
}

static void forget(struct cache *cache, int file)
{
	struct cache_header header;
	if (file >= 0 && cache_header_read(file, &header) == 0)
		cache_lineage_forget(cache, &header);
}

/* Removes the oldest victim, unless it was used since it was found. Returns a descriptor of the
 * removed file, which the caller closes without locks: the kernel frees the blocks of a file when
 * its last descriptor is closed, and that takes long for a large file. -1: there is none. */
static int evict_one(struct cache *cache)
{
	const struct cache_victim *victim = &cache->victims[--cache->victim_count];
	struct stat st;
	if (fstatat(cache->directory, victim->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		st.st_atim.tv_sec != victim->used.tv_sec ||
		st.st_atim.tv_nsec != victim->used.tv_nsec)
		return -1;
	int file = openat(
		cache->directory, victim->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	forget(cache, file);
	if (cache_remove(cache, victim->name, (uint64_t)st.st_size))
		atomic_fetch_add(&cache->evicted, 1);
	return file;
}

/* Returns 1 when there is room, 0 when there may be after more of this, or -ENOSPC. */
static int make_some(struct cache *cache, unsigned *rounds, int *removed)
{
	if (cache_used(cache) <= cache->limit_bytes)
		return 1;
	if (cache->victim_count == 0) {
		find_victims(cache);
		if (cache->victim_count == 0 || ++*rounds == ROUNDS_MAX)
			return -ENOSPC;
	}
	*removed = evict_one(cache);
	return 0;
}

/* The locks are held for one file at a time, because other threads may need room as well. The loop
 * ends: each round either removes one of the victims, whose number is bounded, or counts as a
 * search, and the number of searches is bounded. */
int cache_make_room(struct cache *cache)
{
	if (cache_used(cache) <= cache->limit_bytes)
		return 0;
	int r = 0;
	for (unsigned rounds = 0; r == 0;) {
		FD_CLEANUP int removed = -1;
		pthread_mutex_lock(&cache->evicting);
		cache_usage_lock(cache);
		r = make_some(cache, &rounds, &removed);
		cache_usage_unlock(cache);
		pthread_mutex_unlock(&cache->evicting);
	}
	return r < 0 ? r : 0;
}

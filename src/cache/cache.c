/* SPDX-License-Identifier: MIT */
/* The facade of the store: opening it, and keeping a new result.
 *
 * A file gets its name when it is complete. A crash leaves nothing half-written, because a file
 * without a name goes with its last descriptor. After a power failure a file may be shorter than it
 * was; the length in its attribute tells.
 *
 * Files of this room, each uses only those before it: naming, usage, header, entry, lineage,
 * eviction, walk and body, cache. struct cache is shared by all threads. Its directory, limit and
 * overhead never change after cache_open; the counters are atomic; usage.c and eviction.c say what
 * their locks guard. */
#include "src/cache/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/cache/internal.h"

enum { SILENT_MS = 60000 };

/* Finds out whether the file system can hold a store, and what an entry takes on the disk beside
 * its content. */
static int probe(struct cache *cache)
{
	static const uint8_t key[DIGEST_BYTES];
	static char uri[256];
	memset(uri, 'x', sizeof uri - 1);
	struct stat before, after;
	FD_CLEANUP int fd = openat(cache->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EOPNOTSUPP || errno == EISDIR ? -ENOTSUP : -errno;
	const struct cache_note note = {.recipe = "probe", .uri = uri};
	int r = fstat(fd, &before) < 0 ? -errno : cache_header_write(fd, key, 0, &note);
	if (r == 0 && fstat(fd, &after) == 0 && after.st_blocks > before.st_blocks)
		cache->overhead_bytes = (uint64_t)(after.st_blocks - before.st_blocks) * 512;
	return r;
}

int cache_open(const char *path, uint64_t limit_bytes, struct cache **out)
{
	struct cache *cache = calloc(1, sizeof *cache);
	if (!cache)
		return -ENOMEM;
	pthread_mutex_init(&cache->evicting, NULL);
	pthread_mutex_init(&cache->counting, NULL);
	cache->limit_bytes = limit_bytes;
	cache->usage_file = -1;
	cache->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = cache->directory < 0 ? -errno : probe(cache);
	if (r == 0 && !(cache->path = strdup(path)))
		r = -ENOMEM;
	if (r == 0)
		r = cache_usage_open(cache);
	if (r < 0) {
		cache_close(cache);
		return r;
	}
	*out = cache;
	return 0;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	cache_usage_close(cache);
	fd_close(&cache->directory);
	free(cache->path);
	pthread_mutex_destroy(&cache->evicting);
	pthread_mutex_destroy(&cache->counting);
	free(cache);
}

const char *cache_path(const struct cache *cache)
{
	return cache->path;
}

uint64_t cache_limit(const struct cache *cache)
{
	return cache->limit_bytes;
}

int cache_new(struct cache *cache, const uint8_t key[DIGEST_BYTES])
{
	if (clock_now_ms() < atomic_load(&cache->silent_until_ms)) {
		atomic_fetch_add(&cache->failed, 1);
		return -EBUSY;
	}
	/* The file is made in the directory where it will get its name, so it is never moved. */
	FD_CLEANUP int directory = cache_directory_open(cache, cache_directory_of(key), true);
	int fd = directory < 0 ? directory
			       : openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0 && directory >= 0)
		fd = -errno;
	if (fd < 0)
		cache_fails(cache, -fd);
	return fd;
}

int cache_get_error(const struct cache *cache)
{
	return atomic_load(&cache->told) ? atomic_load(&cache->error) : 0;
}

const char *cache_describe(const struct cache *cache, int error)
{
	struct stat st;
	if (cache && fstat(cache->directory, &st) == 0 && st.st_nlink == 0)
		return "its directory was removed: make it again, and restart sluice";
	return error == ENOTSUP ? "the file system has no extended attributes or unnamed files"
				: strerror(error);
}

void cache_fails(struct cache *cache, int error)
{
	atomic_fetch_add(&cache->failed, 1);
	/* A shortage of the daemon itself says nothing about the store, and is over soon. */
	if (error == EMFILE || error == ENFILE || error == ENOMEM)
		return;
	atomic_store(&cache->error, error);
	atomic_store(&cache->silent_until_ms, clock_now_ms() + SILENT_MS);
	if (!atomic_exchange(&cache->told, true))
		log_error("cache: nothing is kept for now: %s", cache_describe(cache, error));
}

/* Gives the file its name, and counts it. */
static int name_file(struct cache *cache, const uint8_t key[DIGEST_BYTES], int file, uint64_t cost)
{
	char self[32], name[CACHE_NAME_MAX];
	const unsigned directory = cache_directory_of(key);
	snprintf(self, sizeof self, "/proc/self/fd/%d", file);
	cache_name(key, name);
	cache_usage_begin(cache, directory);
	int r = linkat(AT_FDCWD, self, cache->directory, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
	if (r == 0)
		cache_usage_add(cache, directory, (int64_t)cost, 1);
	cache_usage_end(cache, directory);
	return r;
}

int cache_keep(struct cache *cache, const uint8_t key[DIGEST_BYTES], int file, uint64_t length,
	const struct cache_note *note)
{
	uint64_t cost = cache_cost(cache, length);
	if (cost > cache->limit_bytes)
		return -EFBIG;
	const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = note->modified}};
	int r = cache_header_write(file, key, length, note);
	if (r == 0 && futimens(file, times) < 0)
		r = -errno;
	if (r < 0) {
		cache_fails(cache, -r);
		return r;
	}
	cache_count_some(cache);
	atomic_fetch_add(&cache->reserved_bytes, (int64_t)cost);
	r = cache_make_room(cache);
	if (r == 0)
		r = name_file(cache, key, file, cost);
	atomic_fetch_sub(&cache->reserved_bytes, (int64_t)cost);
	if (r == 0 && note->lineage)
		cache_confirm(cache, note->lineage, key);
	/* Another daemon may have counted on the same free room. */
	if (r == 0)
		cache_make_room(cache);
	if (r == -EEXIST) /* another daemon has just kept the same result */
		return 0;
	if (r < 0) {
		cache_fails(cache, -r);
		return r;
	}
	atomic_fetch_add(&cache->stored, 1);
	if (atomic_exchange(&cache->told, false))
		log_notice("cache: results are kept again");
	return 0;
}

struct cache_counts cache_count(const struct cache *cache)
{
	return (struct cache_counts){
		.used_bytes = cache_used(cache),
		.limit_bytes = cache->limit_bytes,
		.entries = cache_usage_entries(cache),
		.stored = atomic_load(&cache->stored),
		.failed = atomic_load(&cache->failed),
		.evicted = atomic_load(&cache->evicted),
		.damaged = atomic_load(&cache->damaged),
	};
}

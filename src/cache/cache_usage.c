/* SPDX-License-Identifier: MIT */
/* How full the store is, known to all daemons that share it without a scan at the start and without
 * a lock: one file that each of them maps. */
#include "src/cache/cache_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

static const char NAME[] = "usage";
static const char MAGIC[16] = "sluice usage 3";

int cache_usage_open(struct cache *cache)
{
	FD_CLEANUP int fd =
		openat(cache->directory, NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* Made by a command that root gave, it is the daemon's all the same. */
	if (fstat(cache->directory, &st) == 0 && st.st_uid != geteuid() && geteuid() == 0 &&
		fchown(fd, st.st_uid, st.st_gid) < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Growing it twice does no harm: what comes into being is zero. */
	if (st.st_size < (off_t)sizeof *cache->usage && ftruncate(fd, sizeof *cache->usage) < 0)
		return -errno;
	/* Its blocks must be there: a page that the disk has no room for is a SIGBUS. */
	int r = posix_fallocate(fd, 0, sizeof *cache->usage);
	if (r != 0)
		return -r;
	void *at = mmap(NULL, sizeof *cache->usage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	cache->usage = at;
	if (memcmp(cache->usage->magic, MAGIC, sizeof MAGIC) != 0) {
		if (cache->usage->magic[0])
			memset(at, 0, sizeof *cache->usage);
		memcpy(cache->usage->magic, MAGIC, sizeof MAGIC);
	}
	cache->usage_file = fd_take(&fd);
	return 0;
}

void cache_usage_close(struct cache *cache)
{
	fd_close(&cache->usage_file);
	if (cache->usage)
		munmap(cache->usage, sizeof *cache->usage);
	cache->usage = NULL;
}

void cache_usage_add(struct cache *cache, unsigned directory, int64_t bytes, int64_t entries)
{
	atomic_fetch_add(&cache->usage->bytes[directory], bytes);
	atomic_fetch_add(&cache->usage->entries[directory], entries);
}

struct cache_amount cache_usage_get(const struct cache *cache, unsigned directory)
{
	return (struct cache_amount){
		.bytes = atomic_load(&cache->usage->bytes[directory]),
		.entries = atomic_load(&cache->usage->entries[directory]),
	};
}

void cache_usage_correct(struct cache *cache, unsigned directory, struct cache_amount before,
	struct cache_amount found)
{
	if (found.bytes != before.bytes)
		atomic_compare_exchange_strong(
			&cache->usage->bytes[directory], &before.bytes, found.bytes);
	if (found.entries != before.entries)
		atomic_compare_exchange_strong(
			&cache->usage->entries[directory], &before.entries, found.entries);
	atomic_store(&cache->usage->counted[directory], 1);
}

/* Some 4,000 additions: a few microseconds, once for each conversion. A sum that is kept could not be put right. */
uint64_t cache_used(const struct cache *cache)
{
	int64_t sum = atomic_load(&cache->reserved_bytes);
	for (unsigned i = 0; i < CACHE_DIRECTORIES; i++)
		sum += atomic_load_explicit(&cache->usage->bytes[i], memory_order_relaxed);
	return sum < 0 ? 0 : (uint64_t)sum;
}

struct cache_counts cache_count(const struct cache *cache)
{
	int64_t entries = 0;
	for (unsigned i = 0; i < CACHE_DIRECTORIES; i++)
		entries += atomic_load_explicit(&cache->usage->entries[i], memory_order_relaxed);
	return (struct cache_counts){
		.used_bytes = cache_used(cache),
		.limit_bytes = cache->limit_bytes,
		.entries = entries < 0 ? 0 : (uint64_t)entries,
		.stored = atomic_load(&cache->stored),
		.failed = atomic_load(&cache->failed),
		.evicted = atomic_load(&cache->evicted),
		.damaged = atomic_load(&cache->damaged),
	};
}

void cache_usage_lock(struct cache *cache)
{
	while (flock(cache->usage_file, LOCK_EX) < 0 && errno == EINTR)
		;
}

void cache_usage_unlock(struct cache *cache)
{
	flock(cache->usage_file, LOCK_UN);
}

DIR *cache_directory_list(struct cache *cache, unsigned directory, struct cache_amount *before)
{
	*before = cache_usage_get(cache, directory);
	int fd = cache_directory_open(cache, directory, false);
	if (fd == -ENOENT)
		cache_usage_correct(cache, directory, *before, (struct cache_amount){0});
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list)
		fd_close(&fd);
	return list;
}

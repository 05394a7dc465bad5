/* SPDX-License-Identifier: MIT */
/* The name of a result is its key, so finding one needs no index, and neither does a restart. A
 * file gets its name when all of it is there: a crash leaves nothing half-written, because a file
 * without a name goes with its last descriptor. When the machine itself goes down the file may come
 * back shorter than it was: its length, in the attribute, tells. */
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

enum { TOUCH_NS = 100000000, SILENT_MS = 60000 };

unsigned cache_directory_of(const uint8_t key[DIGEST_BYTES])
{
	return (unsigned)key[0] << 4 | key[1] >> 4;
}

void cache_name(const uint8_t key[DIGEST_BYTES], char out[CACHE_NAME_MAX])
{
	char hex[DIGEST_HEX_MAX];
	digest_hex(key, hex);
	snprintf(out, CACHE_NAME_MAX, "%.2s/%c/%s", hex, hex[2], hex);
}

uint64_t cache_cost(const struct cache *cache, uint64_t length)
{
	return (length + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK + cache->overhead_bytes;
}

void cache_directory_name(unsigned directory, char out[8])
{
	snprintf(out, 8, "%02x/%x", directory >> 4 & 0xff, directory & 15);
}

/* Finds out whether the file system can hold a store, and what an entry costs beside its content.
 */
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
	pthread_mutex_destroy(&cache->evicting);
	pthread_mutex_destroy(&cache->counting);
	free(cache);
}

uint64_t cache_limit(const struct cache *cache)
{
	return cache->limit_bytes;
}

static const struct timespec touched[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};

/* A file is used when somebody has looked it up: its time of access says when, whatever the file
 * system is mounted with. */
static void touch(int fd, const struct stat *st)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t age = (int64_t)(now.tv_sec - st->st_atim.tv_sec) * 1000000000 + now.tv_nsec -
		      st->st_atim.tv_nsec;
	if (age > TOUCH_NS || age < 0)
		futimens(fd, touched);
}

int cache_find(struct cache *cache, const uint8_t key[DIGEST_BYTES], uint64_t *length)
{
	char name[CACHE_NAME_MAX];
	cache_name(key, name);
	FD_CLEANUP int fd =
		openat(cache->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno != ELOOP)
		return -ENOENT;
	struct cache_header header;
	struct stat st = {0};
	int r = fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)
			? -EBADMSG
			: cache_header_read(fd, &header);
	if (r == 0 &&
		(!cache_is_untouched(&header, &st) || memcmp(header.key, key, DIGEST_BYTES) != 0))
		r = -EBADMSG;
	if (r == -EBADMSG) {
		log_warning("cache: not an entry, removed name=%s", name);
		atomic_fetch_add(&cache->damaged, 1);
		cache_remove(cache, name, (uint64_t)st.st_size);
	}
	if (r < 0)
		return -ENOENT;
	touch(fd, &st);
	*length = header.length;
	return fd_take(&fd);
}

static int identify(int directory, const char *name, int flags, struct cache_file *out)
{
	enum { WANTED = STATX_INO | STATX_SIZE | STATX_MTIME | STATX_BTIME };
	struct statx found;
	if (statx(directory, name, flags, WANTED, &found) < 0)
		return -errno;
	if ((found.stx_mask & WANTED) != WANTED)
		return -ENOTSUP;
	if (found.stx_mtime.tv_nsec != 0) /* written to, see cache_is_untouched */
		return -EBADMSG;
	*out = (struct cache_file){
		.device = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor,
		.inode = found.stx_ino,
		.born_ns = (uint64_t)found.stx_btime.tv_sec * 1000000000 + found.stx_btime.tv_nsec,
		.length = found.stx_size,
		.modified = found.stx_mtime.tv_sec,
	};
	return 0;
}

int cache_identify(int file, struct cache_file *out)
{
	return fd_is_local(file) ? identify(file, "", AT_EMPTY_PATH, out) : -ENOTSUP;
}

bool cache_holds(
	const struct cache *cache, const uint8_t key[DIGEST_BYTES], const struct cache_file *then)
{
	char name[CACHE_NAME_MAX];
	cache_name(key, name);
	struct cache_file now = {0};
	return identify(cache->directory, name, AT_SYMLINK_NOFOLLOW, &now) == 0 &&
	       now.device == then->device && now.inode == then->inode &&
	       now.born_ns == then->born_ns && now.length == then->length &&
	       now.modified == then->modified;
}

void cache_touch(const struct cache *cache, const uint8_t key[DIGEST_BYTES])
{
	char name[CACHE_NAME_MAX];
	cache_name(key, name);
	utimensat(cache->directory, name, touched, AT_SYMLINK_NOFOLLOW);
}

int cache_directory_open(const struct cache *cache, unsigned directory, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	char name[8];
	cache_directory_name(directory, name);
	int fd = openat(cache->directory, name, flags);
	if (fd >= 0 || errno != ENOENT || !make)
		return fd < 0 ? -errno : fd;
	name[2] = '\0';
	mkdirat(cache->directory, name, 0755);
	name[2] = '/';
	mkdirat(cache->directory, name, 0755);
	fd = openat(cache->directory, name, flags);
	return fd < 0 ? -errno : fd;
}

int cache_new(struct cache *cache, const uint8_t key[DIGEST_BYTES])
{
	if (clock_now_ms() < atomic_load(&cache->silent_until_ms)) {
		atomic_fetch_add(&cache->failed, 1);
		return -EBUSY;
	}
	/* In the directory where it will be named: nothing is ever moved. */
	FD_CLEANUP int directory = cache_directory_open(cache, cache_directory_of(key), true);
	int fd = directory < 0 ? directory
			       : openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0 && directory >= 0)
		fd = -errno;
	if (fd < 0)
		cache_fails(cache, -fd);
	return fd;
}

void cache_fails(struct cache *cache, int error)
{
	atomic_fetch_add(&cache->failed, 1);
	/* The daemon's own shortage says nothing about the store, and is over in a moment. */
	if (error == EMFILE || error == ENFILE || error == ENOMEM)
		return;
	atomic_store(&cache->silent_until_ms, clock_now_ms() + SILENT_MS);
	if (!atomic_exchange(&cache->told, true))
		log_error("cache: nothing is kept for now: %s", strerror(error));
}

static int name_file(struct cache *cache, const char *name, int file)
{
	char self[32];
	snprintf(self, sizeof self, "/proc/self/fd/%d", file);
	return linkat(AT_FDCWD, self, cache->directory, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int cache_keep(struct cache *cache, const uint8_t key[DIGEST_BYTES], int file, uint64_t length,
	const struct cache_note *note)
{
	char name[CACHE_NAME_MAX];
	cache_name(key, name);
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
		r = name_file(cache, name, file);
	if (r == 0)
		cache_usage_add(cache, cache_directory_of(key), (int64_t)cost, 1);
	if (r == 0 && note->lineage)
		cache_confirm(cache, note->lineage, key);
	atomic_fetch_sub(&cache->reserved_bytes, (int64_t)cost);
	/* Another daemon may have thought that the same room was free. */
	if (r == 0)
		cache_make_room(cache);
	if (r == -EEXIST) /* of another daemon, a moment ago */
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

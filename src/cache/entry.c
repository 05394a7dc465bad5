/* SPDX-License-Identifier: MIT */
/* One entry: finding it, telling whether it is still the same file, marking it as used, removing
 * it. Each call looks at the file system again; nothing is remembered here, so any thread may call
 * any of these functions at any time. */
#include "src/cache/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

enum { TOUCH_NS = 100000000 };

bool cache_remove(struct cache *cache, const char *name, uint64_t length)
{
	const unsigned directory = cache_directory_of_name(name);
	cache_usage_begin(cache, directory);
	bool removed = unlinkat(cache->directory, name, 0) == 0;
	if (removed)
		cache_usage_add(cache, directory, -(int64_t)cache_cost(cache, length), -1);
	cache_usage_end(cache, directory);
	return removed;
}

static const struct timespec touched[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};

/* Eviction removes what was used least recently. The time of access is set here explicitly, because
 * most file systems are mounted so that reading does not set it. An entry that was used a moment
 * ago is not written again. */
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

/* SPDX-License-Identifier: MIT */
/*
 * How full the store is: one file of numbers, shared by all daemons. No daemon has to scan the
 * store when it starts.
 *
 * The file is read and written, never mapped. Every process of the same user can make the file
 * shorter, and reading a map behind the end of its file raises SIGBUS. What is missing from the
 * file reads as zero, and is counted again.
 *
 * Locks, for a change of one directory's numbers (a read and a write, and before that the change of
 * the directory itself, or a look through it between the two would count the file twice):
 *   cache->counting             between the threads of this daemon; taken first
 *   a lock of the bytes of the  between daemons (F_OFD_SETLK on the open file description); it ends
 *   number in the file          with its process
 * and for eviction, between daemons: flock(2) on the whole file (cache_usage_lock).
 *
 * A daemon that is stopped (SIGSTOP) while it holds such a lock must not stop the others. So a lock
 * of another daemon is waited for only briefly, and then the change is made without it. A number
 * may become wrong by that, just as when a daemon is killed before its addition.
 */
#include "src/cache/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

static const char NAME[] = "usage";
static const char MAGIC[16] = "sluice usage 3";

enum {
	AT_ONCE = 1024,	     /* numbers */
	NUMBER_WAIT_MS = 10, /* see cache->number_wait_ms */
	EVICT_WAIT_MS = 200, /* for another daemon's eviction */
	IMPATIENT_MS = 1000,
	LOOK_AGAIN_NS = 50000,
};

/* The content of the file. A daemon of an older version may have the file mapped, so the layout
 * stays. */
struct layout {
	char magic[16];
	int64_t bytes[CACHE_DIRECTORIES];
	int64_t entries[CACHE_DIRECTORIES];
	uint8_t counted[CACHE_DIRECTORIES];
};

static off_t bytes_at(unsigned directory)
{
	return (off_t)(offsetof(struct layout, bytes) + directory * sizeof(int64_t));
}

static off_t entries_at(unsigned directory)
{
	return (off_t)(offsetof(struct layout, entries) + directory * sizeof(int64_t));
}

static off_t counted_at(unsigned directory)
{
	return (off_t)(offsetof(struct layout, counted) + directory);
}

/* Bytes that the file does not have read as zero. */
static void read_at(const struct cache *cache, void *out, size_t size, off_t at)
{
	ssize_t n = pread(cache->usage_file, out, size, at);
	size_t got = n > 0 ? (size_t)n : 0;
	memset((char *)out + got, 0, size - got);
}

/* A full disk leaves a number wrong. It is put right like any other wrong number. */
static void write_at(const struct cache *cache, const void *data, size_t size, off_t at)
{
	ssize_t n = pwrite(cache->usage_file, data, size, at);
	(void)n;
}

int cache_usage_open(struct cache *cache)
{
	FD_CLEANUP int fd = openat(cache->directory, NAME,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;
	cache->number_wait_ms = NUMBER_WAIT_MS;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* A command that root runs may create the file. The daemon's user has to own it all the
	 * same. */
	if (fstat(cache->directory, &st) == 0 && st.st_uid != geteuid() && geteuid() == 0 &&
		fchown(fd, st.st_uid, st.st_gid) < 0)
		return -errno;
	/* Blocks that are allocated now are still there when the disk is full. */
	int r = posix_fallocate(fd, 0, sizeof(struct layout));
	if (r != 0)
		return -r;
	cache->usage_file = fd_take(&fd);
	char magic[sizeof MAGIC];
	read_at(cache, magic, sizeof magic, 0);
	if (memcmp(magic, MAGIC, sizeof MAGIC) == 0)
		return 0;
	/* The file has another format. Its numbers mean nothing here; zeros are counted again. The
	 * file is not cut, because a daemon of an older version may have it mapped. */
	static const struct layout zeros;
	if (magic[0])
		write_at(cache, &zeros, sizeof zeros, 0);
	write_at(cache, MAGIC, sizeof MAGIC, 0);
	return 0;
}

void cache_usage_close(struct cache *cache)
{
	fd_close(&cache->usage_file);
}

/* After a lock could not be taken: whether to try again. It waits for a moment first. Not after
 * until_ms, and not soon after such a wait was in vain. */
static bool wait_for_lock(struct cache *cache, uint64_t until_ms)
{
	if (errno == EINTR)
		return true;
	const uint64_t now = clock_now_ms();
	if ((errno != EAGAIN && errno != EACCES) || now < atomic_load(&cache->impatient_until_ms))
		return false;
	if (now >= until_ms) {
		atomic_store(&cache->impatient_until_ms, now + IMPATIENT_MS);
		return false;
	}
	nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_NS}, NULL);
	return true;
}

static void lock_number(struct cache *cache, unsigned directory, short type)
{
	struct flock lock = {.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = bytes_at(directory),
		.l_len = sizeof(int64_t)};
	const uint64_t until_ms = clock_now_ms() + cache->number_wait_ms;
	while (fcntl(cache->usage_file, F_OFD_SETLK, &lock) < 0 && wait_for_lock(cache, until_ms))
		;
}

void cache_usage_begin(struct cache *cache, unsigned directory)
{
	pthread_mutex_lock(&cache->counting);
	lock_number(cache, directory, F_WRLCK);
}

void cache_usage_end(struct cache *cache, unsigned directory)
{
	lock_number(cache, directory, F_UNLCK);
	pthread_mutex_unlock(&cache->counting);
}

uint64_t cache_cost(const struct cache *cache, uint64_t length)
{
	return (length + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK + cache->overhead_bytes;
}

struct cache_amount cache_usage_get(const struct cache *cache, unsigned directory)
{
	struct cache_amount amount;
	read_at(cache, &amount.bytes, sizeof amount.bytes, bytes_at(directory));
	read_at(cache, &amount.entries, sizeof amount.entries, entries_at(directory));
	return amount;
}

/* The numbers come from a file that every process of the user may write: the sum saturates. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;
	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

void cache_usage_add(struct cache *cache, unsigned directory, int64_t bytes, int64_t entries)
{
	struct cache_amount amount = cache_usage_get(cache, directory);
	amount.bytes = add(amount.bytes, bytes);
	amount.entries = add(amount.entries, entries);
	write_at(cache, &amount.bytes, sizeof amount.bytes, bytes_at(directory));
	write_at(cache, &amount.entries, sizeof amount.entries, entries_at(directory));
}

void cache_usage_correct(struct cache *cache, unsigned directory, struct cache_amount before,
	struct cache_amount found)
{
	static const uint8_t yes = 1;
	uint8_t counted;
	cache_usage_begin(cache, directory);
	struct cache_amount now = cache_usage_get(cache, directory);
	if (now.bytes == before.bytes && found.bytes != before.bytes)
		write_at(cache, &found.bytes, sizeof found.bytes, bytes_at(directory));
	if (now.entries == before.entries && found.entries != before.entries)
		write_at(cache, &found.entries, sizeof found.entries, entries_at(directory));
	read_at(cache, &counted, sizeof counted, counted_at(directory));
	if (!counted)
		write_at(cache, &yes, sizeof yes, counted_at(directory));
	cache_usage_end(cache, directory);
}

void cache_usage_bytes(const struct cache *cache, int64_t bytes[CACHE_DIRECTORIES])
{
	read_at(cache, bytes, CACHE_DIRECTORIES * sizeof bytes[0], bytes_at(0));
}

void cache_usage_counted(const struct cache *cache, uint8_t counted[CACHE_DIRECTORIES])
{
	read_at(cache, counted, CACHE_DIRECTORIES, counted_at(0));
}

/* This takes some microseconds, once for each conversion. A stored sum could not be put right. A
 * number that is being written may be read half-written; eviction therefore asks for the sum again
 * under its lock. */
static int64_t sum_of(const struct cache *cache, off_t at)
{
	int64_t numbers[AT_ONCE], sum = 0;
	for (unsigned i = 0; i < CACHE_DIRECTORIES; i += AT_ONCE) {
		read_at(cache, numbers, sizeof numbers, at + (off_t)(i * sizeof numbers[0]));
		for (unsigned k = 0; k < AT_ONCE; k++)
			sum = add(sum, numbers[k]);
	}
	return sum;
}

uint64_t cache_used(const struct cache *cache)
{
	int64_t sum = add(sum_of(cache, bytes_at(0)), atomic_load(&cache->reserved_bytes));
	return sum < 0 ? 0 : (uint64_t)sum;
}

uint64_t cache_usage_entries(const struct cache *cache)
{
	int64_t sum = sum_of(cache, entries_at(0));
	return sum < 0 ? 0 : (uint64_t)sum;
}

/* Two daemons that evict at once remove a little too much. Waiting for a stopped daemon would be
 * worse. */
void cache_usage_lock(struct cache *cache)
{
	const uint64_t until_ms = clock_now_ms() + EVICT_WAIT_MS;
	while (flock(cache->usage_file, LOCK_EX | LOCK_NB) < 0 && wait_for_lock(cache, until_ms))
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

const char *cache_directory_next(DIR *list, unsigned *seen)
{
	const struct dirent *entry = *seen < CACHE_NAMES_MAX ? readdir(list) : NULL;
	++*seen;
	return entry ? entry->d_name : NULL;
}

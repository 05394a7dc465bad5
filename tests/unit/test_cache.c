/* SPDX-License-Identifier: MIT */
/* The store of results on a file system of its own making: what is found, what is not, what goes,
 * and whether the numbers agree with what lies there. */
#include "tests/unit/unit_wait.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/cache/cache.h"
#include "src/cache/internal.h"

enum { LIMIT = 1 << 20 };

/* What happens between a change of a directory and its addition; NULL: nothing. */
static void (*between)(void);
/* A directory whose names never end. */
static bool endless;
static unsigned names_read;

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	int r = (int)syscall(SYS_linkat, from, old, to, new, flags);
	if (between)
		between();
	return r;
}

int unlinkat(int directory, const char *name, int flags)
{
	int r = (int)syscall(SYS_unlinkat, directory, name, flags);
	if (between)
		between();
	return r;
}

/* On a machine of 32 bits this, too, is the one for large files. */
struct dirent *readdir(DIR *list)
{
	static struct dirent more = {.d_name = "more"};
	static struct dirent *(*real)(DIR *);
	if (endless) {
		names_read++;
		return &more;
	}
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "readdir64");
	return real(list);
}

struct store {
	char path[64];
	struct cache *cache;
};

static void make_key(uint8_t key[DIGEST_BYTES], unsigned number)
{
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, &number, sizeof number);
	digest_end(&digest, key);
}

static int setup(void **state)
{
	struct store *store = calloc(1, sizeof *store);
	const char *where = getenv("TMPDIR");
	assert_non_null(store);
	*state = store;
	snprintf(store->path, sizeof store->path, "%.40s/sluice-store-XXXXXX",
		where ? where : "/tmp");
	assert_non_null(mkdtemp(store->path));
	return cache_open(store->path, LIMIT, &store->cache);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct store *store = *state;
	cache_close(store->cache);
	nftw(store->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(store);
	return 0;
}

/* Keeps `size` bytes under the number; lineage: its own, 0: none. */
static int keep(struct cache *cache, unsigned number, size_t size, unsigned lineage)
{
	uint8_t key[DIGEST_BYTES], of[DIGEST_BYTES];
	char uri[32];
	make_key(key, number);
	make_key(of, lineage);
	snprintf(uri, sizeof uri, "/a?%u", number);
	FD_CLEANUP int file = cache_new(cache, key);
	if (file < 0)
		return file;
	static char bytes[LIMIT + 1];
	assert_true(size <= sizeof bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(number + i);
	int r = fd_write_all(file, bytes, size);
	if (r < 0)
		return r;
	const struct cache_note note = {.recipe = "recipe",
		.uri = uri,
		.modified = 1000 + (time_t)number,
		.lineage = lineage ? of : NULL};
	return cache_keep(cache, key, file, size, &note);
}

/* The length of what is found, or -1. */
static int64_t find(struct cache *cache, unsigned number)
{
	uint8_t key[DIGEST_BYTES];
	uint64_t length;
	make_key(key, number);
	FD_CLEANUP int file = cache_find(cache, key, &length);
	return file < 0 ? -1 : (int64_t)length;
}

static void path_of(const struct store *store, unsigned number, char out[256])
{
	uint8_t key[DIGEST_BYTES];
	char name[CACHE_NAME_MAX];
	make_key(key, number);
	cache_name(key, name);
	snprintf(out, 256, "%s/%s", store->path, name);
}

static uint64_t on_disk;

static int add_blocks(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type;
	if (ftw->level == 3 && S_ISREG(st->st_mode) && strlen(path + ftw->base) == 2 * DIGEST_BYTES)
		on_disk += (uint64_t)st->st_blocks * 512;
	return 0;
}

static uint64_t disk_usage(const struct store *store)
{
	on_disk = 0;
	nftw(store->path, add_blocks, 16, FTW_PHYS);
	return on_disk;
}

/* File systems differ a little in what they count. */
static void numbers_agree(const struct store *store)
{
	const struct cache_counts counts = cache_count(store->cache);
	const uint64_t found = disk_usage(store), room = 8192 * counts.entries;
	assert_true(counts.used_bytes <= found + room && found <= counts.used_bytes + room);
}

static int count_good(void *data, const struct cache_entry *entry)
{
	if (!entry->problem)
		++*(unsigned *)data;
	return CACHE_STAY;
}

static unsigned walk(struct cache *cache)
{
	unsigned good = 0;
	assert_int_equal(cache_walk(cache, count_good, &good), 0);
	return good;
}

static void kept_is_found(void **state)
{
	struct store *store = *state;
	uint8_t key[DIGEST_BYTES];
	uint64_t length;
	char buffer[32];
	assert_int_equal(find(store->cache, 1), -1);
	assert_int_equal(keep(store->cache, 1, 10, 0), 0);
	make_key(key, 1);
	FD_CLEANUP int file = cache_find(store->cache, key, &length);
	assert_true(file >= 0);
	assert_int_equal(length, 10);
	assert_int_equal(read(file, buffer, sizeof buffer), 10);
	assert_int_equal(buffer[0], 1);
	struct stat st;
	assert_int_equal(fstat(file, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1001);
	assert_int_equal(find(store->cache, 2), -1);
}

static void nothing_is_there_before_it_is_kept(void **state)
{
	struct store *store = *state;
	uint8_t key[DIGEST_BYTES];
	make_key(key, 1);
	FD_CLEANUP int file = cache_new(store->cache, key);
	assert_true(file >= 0);
	assert_int_equal(write(file, "abc", 3), 3);
	assert_int_equal(find(store->cache, 1), -1);
	assert_int_equal(walk(store->cache), 0);
	assert_int_equal(cache_count(store->cache).entries, 0);
}

static void the_second_of_two_is_no_error(void **state)
{
	struct store *store = *state;
	struct cache *other;
	assert_int_equal(cache_open(store->path, LIMIT, &other), 0);
	assert_int_equal(keep(store->cache, 1, 100, 0), 0);
	assert_int_equal(keep(other, 1, 100, 0), 0);
	assert_int_equal(keep(other, 2, 200, 0), 0);
	assert_int_equal(find(store->cache, 2), 200);
	assert_int_equal(cache_count(store->cache).entries, 2);
	assert_int_equal(cache_used(store->cache), cache_used(other));
	numbers_agree(store);
	cache_close(other);
}

static void a_restart_keeps_all_of_it(void **state)
{
	struct store *store = *state;
	for (unsigned i = 1; i <= 50; i++)
		assert_int_equal(keep(store->cache, i, 100 * i, 0), 0);
	const uint64_t used = cache_used(store->cache);
	numbers_agree(store);
	cache_close(store->cache);
	store->cache = NULL;
	assert_int_equal(cache_open(store->path, LIMIT, &store->cache), 0);
	assert_int_equal(cache_used(store->cache), used);
	assert_int_equal(cache_count(store->cache).entries, 50);
	for (unsigned i = 1; i <= 50; i++)
		assert_int_equal(find(store->cache, i), 100 * i);
}

/* Whoever keeps a result looks through some of the directories until all were counted. */
static void numbers_that_were_lost_are_found_again(void **state)
{
	struct store *store = *state;
	char usage[128];
	for (unsigned i = 1; i <= 50; i++)
		assert_int_equal(keep(store->cache, i, 10, 0), 0);
	const uint64_t used = cache_used(store->cache);
	cache_close(store->cache);
	store->cache = NULL;
	snprintf(usage, sizeof usage, "%s/usage", store->path);
	assert_int_equal(unlink(usage), 0);
	assert_int_equal(cache_open(store->path, LIMIT, &store->cache), 0);
	assert_int_equal(cache_used(store->cache), 0);
	for (unsigned i = 1; i <= 64; i++)
		assert_int_equal(keep(store->cache, 50 + i, 1, 0), 0);
	assert_int_equal(cache_count(store->cache).entries, 114);
	numbers_agree(store);
	assert_true(cache_used(store->cache) > used);
}

/* Anybody of the same user can cut the file: that is no end of the daemon, and the numbers come
 * back. */
static void numbers_that_were_cut_are_found_again(void **state)
{
	struct store *store = *state;
	char usage[128];
	struct cache *other;
	snprintf(usage, sizeof usage, "%s/usage", store->path);
	for (unsigned i = 1; i <= 50; i++)
		assert_int_equal(keep(store->cache, i, 10, 0), 0);
	assert_int_equal(cache_open(store->path, LIMIT, &other), 0);
	for (off_t size = 0; size <= 20; size += 20) {
		assert_int_equal(truncate(usage, size), 0);
		assert_int_equal(cache_used(store->cache), 0);
		assert_int_equal(cache_count(other).entries, 0);
		assert_int_equal(walk(store->cache), 50);
	}
	assert_int_equal(truncate(usage, 0), 0);
	/* The one cuts, and the other never sees it. */
	assert_int_equal(keep(store->cache, 500, 10, 0), 0);
	for (unsigned i = 1; i <= 64; i++)
		assert_int_equal(keep(other, 50 + i, 1, 0), 0);
	assert_int_equal(cache_count(store->cache).entries, 115);
	numbers_agree(store);
	cache_close(other);
}

static void additions_of_several_processes_add_up(void **state)
{
	enum { PROCESSES = 4, TIMES = 500 };
	struct store *store = *state;
	pid_t children[PROCESSES];
	for (size_t i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] > 0)
			continue;
		struct cache *own;
		if (cache_open(store->path, LIMIT, &own) != 0)
			_exit(1);
		own->number_wait_ms = 60000; /* on a slow machine, too, nobody goes without */
		for (int k = 0; k < TIMES; k++) {
			cache_usage_begin(own, 7);
			cache_usage_add(own, 7, 3, 1);
			cache_usage_end(own, 7);
		}
		_exit(0);
	}
	for (size_t i = 0; i < PROCESSES; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(cache_count(store->cache).entries, PROCESSES * TIMES);
	assert_int_equal(cache_used(store->cache), 3 * PROCESSES * TIMES);
}

static struct cache *looking;

/* Another thread and another daemon look through all directories, unless they would have to wait
 * for the change that is under way. */
static void look(void)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	FD_CLEANUP int usage = openat(looking->directory, "usage", O_RDWR | O_CLOEXEC);
	assert_true(usage >= 0);
	assert_int_equal(fcntl(usage, F_OFD_GETLK, &all), 0);
	const bool held = pthread_mutex_trylock(&looking->counting) != 0;
	assert_true(held == (all.l_type != F_UNLCK));
	if (held)
		return;
	pthread_mutex_unlock(&looking->counting);
	between = NULL;
	walk(looking);
	between = look;
}

static void a_look_through_a_directory_counts_nothing_twice(void **state)
{
	struct store *store = *state;
	looking = store->cache;
	between = look;
	for (unsigned i = 1; i <= 30; i++)
		assert_int_equal(keep(store->cache, i, 50000, 0), 0);
	between = NULL;
	const struct cache_counts counts = cache_count(store->cache);
	numbers_agree(store);
	assert_true(counts.evicted > 0);
	assert_int_equal(counts.entries, walk(store->cache));
	assert_int_equal(counts.used_bytes, cache_count(store->cache).used_bytes);
}

static void a_directory_without_end_stops_nobody(void **state)
{
	struct store *store = *state;
	assert_int_equal(keep(store->cache, 1, 1, 0), 0);
	endless = true;
	assert_int_equal(alarm(UNIT_PATIENCE_MS / 1000), 0);
	walk(store->cache);
	assert_in_range(names_read, 1, CACHE_NAMES_MAX);
	cache_count_some(store->cache);
	alarm(0);
	endless = false;
	assert_int_equal(find(store->cache, 1), 1);
	assert_int_equal(walk(store->cache), 1);
	numbers_agree(store);
}

/* As one would that was stopped in the middle of it. */
static void a_daemon_that_keeps_its_locks_stops_nobody(void **state)
{
	struct store *store = *state;
	char usage[128];
	snprintf(usage, sizeof usage, "%s/usage", store->path);
	FD_CLEANUP int file = open(usage, O_RDWR | O_CLOEXEC);
	assert_true(file >= 0);
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	assert_int_equal(fcntl(file, F_OFD_SETLK, &all), 0);
	assert_int_equal(flock(file, LOCK_EX), 0);
	assert_int_equal(alarm(UNIT_PATIENCE_MS / 1000), 0);
	for (unsigned i = 1; i <= 21; i++)
		assert_int_equal(keep(store->cache, i, 50000, 0), 0);
	alarm(0);
	assert_true(cache_used(store->cache) <= LIMIT);
	assert_int_equal(find(store->cache, 21), 50000);
	numbers_agree(store);
}

/* The length is the same. What nobody but the status can tell: that it was written at all. */
static void what_was_written_to_is_no_result(void **state)
{
	struct store *store = *state;
	char path[256];
	path_of(store, 1, path);
	for (int way = 0; way < 2; way++) {
		assert_int_equal(keep(store->cache, 1, 100, 0), 0);
		if (way == 0) {
			assert_int_equal(truncate(path, 0), 0);
			assert_int_equal(truncate(path, 100), 0);
		} else {
			FD_CLEANUP int file = open(path, O_WRONLY | O_CLOEXEC);
			assert_int_equal(pwrite(file, "x", 1, 50), 1);
		}
		assert_int_equal(walk(store->cache), 0);
		assert_int_equal(find(store->cache, 1), -1);
	}
	assert_int_equal(keep(store->cache, 1, 100, 0), 0);
	assert_int_equal(find(store->cache, 1), 100);
	assert_int_equal(cache_count(store->cache).damaged, 2);
	numbers_agree(store);
}

static void the_bound_holds_and_the_oldest_go(void **state)
{
	struct store *store = *state;
	for (unsigned i = 1; i <= 200; i++) {
		char path[256];
		assert_int_equal(keep(store->cache, i, 50000, 0), 0);
		/* One that is used all the time stays. */
		const struct timespec times[2] = {{.tv_sec = 1000 + i}, {.tv_nsec = UTIME_OMIT}};
		path_of(store, i, path);
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		assert_true(find(store->cache, 1) == 50000);
		assert_true(cache_used(store->cache) <= LIMIT);
		assert_true(disk_usage(store) <= LIMIT + LIMIT / 50);
	}
	const struct cache_counts counts = cache_count(store->cache);
	assert_int_equal(counts.entries, walk(store->cache));
	assert_int_equal(counts.stored, 200);
	assert_int_equal(counts.evicted, 200 - counts.entries);
	assert_true(counts.entries > 10);
	assert_int_equal(find(store->cache, 200), 50000);
	assert_int_equal(find(store->cache, 2), -1);
}

static void what_is_too_large_is_not_kept(void **state)
{
	struct store *store = *state;
	assert_int_equal(keep(store->cache, 1, 100, 0), 0);
	assert_int_equal(keep(store->cache, 2, LIMIT + 1, 0), -EFBIG);
	assert_int_equal(find(store->cache, 1), 100);
	assert_int_equal(cache_count(store->cache).entries, 1);
}

enum harm { CUT, GROWN, NO_ATTRIBUTE, SHORT_ATTRIBUTE, FLIPPED, FOREIGN, OTHER_KEY, LINK, FIFO };

static void do_harm(const struct store *store, enum harm harm)
{
	char path[256], other[256], attribute[4096];
	path_of(store, 1, path);
	path_of(store, 2, other);
	ssize_t size = getxattr(path, "user.sluice", attribute, sizeof attribute);
	assert_true(size > 48);
	if (harm >= FOREIGN && harm != OTHER_KEY)
		assert_int_equal(unlink(path), 0);
	int r = 0;
	switch (harm) {
	case CUT:
		r = truncate(path, 99);
		break;
	case GROWN:
		r = truncate(path, 101);
		break;
	case NO_ATTRIBUTE:
		r = removexattr(path, "user.sluice");
		break;
	case SHORT_ATTRIBUTE:
		r = setxattr(path, "user.sluice", attribute, 20, 0);
		break;
	case FLIPPED:
		attribute[size - 1] ^= 1;
		r = setxattr(path, "user.sluice", attribute, (size_t)size, 0);
		break;
	case FOREIGN:
		r = close(open(path, O_CREAT | O_WRONLY, 0600));
		break;
	case OTHER_KEY:
		r = rename(other, path);
		break;
	case LINK:
		r = symlink("/etc/passwd", path);
		break;
	case FIFO:
		r = mkfifo(path, 0600);
		break;
	}
	assert_int_equal(r, 0);
}

static void what_is_no_entry_is_removed(void **state)
{
	struct store *store = *state;
	for (enum harm harm = CUT; harm <= FIFO; harm++) {
		struct stat st;
		char path[256];
		assert_int_equal(keep(store->cache, 1, 100, 0), 0);
		assert_int_equal(keep(store->cache, 2, 100, 0), 0);
		do_harm(store, harm);
		assert_int_equal(find(store->cache, 1), -1);
		path_of(store, 1, path);
		assert_int_equal(lstat(path, &st), -1);
		assert_int_equal(keep(store->cache, 1, 100, 0), 0);
		assert_int_equal(find(store->cache, 1), 100);
	}
	assert_int_equal(cache_count(store->cache).damaged, FIFO + 1);
	assert_int_equal(walk(store->cache), 2);
	numbers_agree(store);
}

static unsigned bodies[3];

static int check_body(void *data, const struct cache_entry *entry)
{
	(void)data;
	int r = cache_check_body(entry);
	assert_true(r >= 0);
	bodies[r]++;
	return r == CACHE_BODY_OTHER ? CACHE_REMOVE : CACHE_STAY;
}

static void a_flipped_byte_is_found(void **state)
{
	struct store *store = *state;
	char path[256], byte;
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(keep(store->cache, i, 300000, 0), 0);
	for (int round = 0; round < 3; round++) {
		memset(bodies, 0, sizeof bodies);
		assert_int_equal(cache_walk(store->cache, check_body, NULL), 0);
		assert_int_equal(bodies[CACHE_BODY_FIRST], round == 0 ? 3 : 0);
		assert_int_equal(bodies[CACHE_BODY_SAME], round == 0 ? 0 : round == 1 ? 3 : 2);
		assert_int_equal(bodies[CACHE_BODY_OTHER], round == 2);
		path_of(store, 2, path);
		FD_CLEANUP int file = open(path, O_RDWR);
		if (round > 1)
			continue;
		assert_int_equal(pread(file, &byte, 1, 299999), 1);
		byte ^= (char)round;
		assert_int_equal(pwrite(file, &byte, 1, 299999), 1);
	}
	assert_int_equal(find(store->cache, 2), -1);
	assert_int_equal(cache_count(store->cache).entries, 2);
	numbers_agree(store);
}

static int find_older(struct cache *cache, unsigned lineage, unsigned key, time_t changed,
	struct cache_older *older)
{
	uint8_t of[DIGEST_BYTES], now[DIGEST_BYTES];
	make_key(of, lineage);
	make_key(now, key);
	FD_CLEANUP int file = cache_find_older(cache, of, now, changed, 100, older);
	return file < 0 ? file : 0;
}

static void the_older_result_is_found(void **state)
{
	struct store *store = *state;
	struct cache_older older;
	uint8_t key[DIGEST_BYTES];
	const time_t now = time(NULL);
	assert_int_equal(find_older(store->cache, 900, 2, now, &older), -ENOENT);
	assert_int_equal(keep(store->cache, 1, 100, 900), 0);
	assert_int_equal(find_older(store->cache, 900, 1, now, &older), -ENOENT);
	assert_int_equal(find_older(store->cache, 901, 2, now, &older), -ENOENT);
	/* The source is older than the result: it was not put there by a change of its file. */
	assert_int_equal(find_older(store->cache, 900, 2, now - 1000, &older), 0);
	make_key(key, 1);
	assert_memory_equal(older.key, key, DIGEST_BYTES);
	assert_int_equal(older.length, 100);
	assert_int_equal(older.modified, 1001);
	assert_true(older.stale_s < 50);
	/* Another handle, as after a restart, or of another daemon. */
	struct cache *other;
	assert_int_equal(cache_open(store->path, LIMIT, &other), 0);
	assert_int_equal(find_older(other, 900, 2, now, &older), 0);
	assert_int_equal(keep(other, 2, 200, 900), 0);
	cache_close(other);
	assert_int_equal(find_older(store->cache, 900, 3, now, &older), 0);
	assert_int_equal(older.length, 200);
	/* What was turned back is the newest again. */
	make_key(key, 900);
	uint8_t first[DIGEST_BYTES];
	make_key(first, 1);
	cache_confirm(store->cache, key, first);
	assert_int_equal(find_older(store->cache, 900, 3, now, &older), 0);
	assert_int_equal(older.length, 100);
}

static void lineage_link(const struct store *store, unsigned lineage, char out[300])
{
	char path[256];
	path_of(store, lineage, path);
	snprintf(out, 300, "%s.series", path);
}

static void the_older_result_is_for_a_time(void **state)
{
	struct store *store = *state;
	struct cache_older older;
	char link[300], text[80], hex[DIGEST_HEX_MAX];
	uint8_t key[DIGEST_BYTES];
	assert_int_equal(keep(store->cache, 1, 100, 900), 0);
	make_key(key, 1);
	digest_hex(key, hex);
	lineage_link(store, 900, link);
	static const struct {
		long ago;
		int result;
	} table[] = {{0, 0}, {90, 0}, {110, -ENOENT}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		snprintf(text, sizeof text, "%s-%ld", hex, (long)time(NULL) - table[i].ago);
		unlink(link);
		assert_int_equal(symlink(text, link), 0);
		assert_int_equal(
			find_older(store->cache, 900, 2, time(NULL), &older), table[i].result);
	}
}

static void links_that_are_none_do_no_harm(void **state)
{
	struct store *store = *state;
	struct cache_older older;
	static const char *const texts[] = {"/etc/passwd", "x",
		"../../../../../../../../../../etc/passwd-0",
		"0123456789abcdef0123456789abcdef01234567-",
		"0123456789abcdef0123456789abcdef01234567-0",
		"0123456789abcdef0123456789abcdef0123456X-0",
		"0123456789abcdef0123456789abcdef01234567-0x1",
		"0123456789abcdef0123456789abcdef01234567-99999999999999999999999999999999999999"};
	char link[300];
	struct stat st;
	lineage_link(store, 900, link);
	assert_int_equal(keep(store->cache, 1, 100, 900), 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		unlink(link);
		assert_int_equal(symlink(texts[i], link), 0);
		assert_int_equal(find_older(store->cache, 900, 2, time(NULL), &older), -ENOENT);
		unlink(link);
		assert_int_equal(symlink(texts[i], link), 0);
		assert_int_equal(walk(store->cache), 1);
		assert_int_equal(lstat(link, &st), -1);
	}
	assert_int_equal(keep(store->cache, 2, 100, 900), 0);
	assert_int_equal(lstat(link, &st), 0);
}

static int remove_all(void *data, const struct cache_entry *entry)
{
	(void)data;
	(void)entry;
	return CACHE_REMOVE;
}

static void links_go_with_their_entries(void **state)
{
	struct store *store = *state;
	struct stat st;
	char link[300];
	unsigned left = 0;
	for (unsigned i = 1; i <= 100; i++)
		assert_int_equal(keep(store->cache, i, 50000, 1000 + i), 0);
	for (unsigned i = 1; i <= 100; i++) {
		lineage_link(store, 1000 + i, link);
		bool there = lstat(link, &st) == 0;
		assert_int_equal(there, find(store->cache, i) >= 0);
		left += there;
	}
	assert_int_equal(left, cache_count(store->cache).entries);
	assert_int_equal(cache_walk(store->cache, remove_all, NULL), 0);
	for (unsigned i = 1; i <= 100; i++) {
		lineage_link(store, 1000 + i, link);
		assert_int_equal(lstat(link, &st), -1);
	}
	assert_int_equal(cache_used(store->cache), 0);
	assert_int_equal(cache_count(store->cache).entries, 0);
}

static void trouble_is_told_once_and_silences(void **state)
{
	struct store *store = *state;
	uint8_t key[DIGEST_BYTES];
	make_key(key, 1);
	cache_fails(store->cache, ENOSPC);
	assert_int_equal(cache_new(store->cache, key), -EBUSY);
	assert_int_equal(cache_count(store->cache).failed, 2);
	assert_int_equal(find(store->cache, 1), -1);
}

static bool can_hold_a_store(void)
{
	void *state;
	int r = setup(&state);
	teardown(&state);
	return r != -ENOTSUP;
}

int main(void)
{
	if (!can_hold_a_store())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_there_before_it_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(the_second_of_two_is_no_error, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restart_keeps_all_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			numbers_that_were_lost_are_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			numbers_that_were_cut_are_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			additions_of_several_processes_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_look_through_a_directory_counts_nothing_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_directory_without_end_stops_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_daemon_that_keeps_its_locks_stops_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_written_to_is_no_result, setup, teardown),
		cmocka_unit_test_setup_teardown(the_bound_holds_and_the_oldest_go, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_too_large_is_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_entry_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_byte_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(the_older_result_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(the_older_result_is_for_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(links_that_are_none_do_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(links_go_with_their_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(trouble_is_told_once_and_silences, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Fills a store with small results. Measures opening it again, finding a result, asking how full it
 * is, and making room. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/cache/cache.h"

static void make_key(uint8_t key[DIGEST_BYTES], unsigned long number)
{
	struct digest digest;
	digest_init(&digest);
	digest_add_text(&digest, "bench");
	digest_add(&digest, &number, sizeof number);
	digest_end(&digest, key);
}

static int keep(struct cache *cache, unsigned long number, const char *body, size_t size)
{
	uint8_t key[DIGEST_BYTES];
	char uri[64];
	make_key(key, number);
	snprintf(uri, sizeof uri, "/thumb/%lu.jpg?size=300x200", number);
	FD_CLEANUP int file = cache_new(cache, key);
	int r = file < 0 ? file : fd_write_all(file, body, size);
	const struct cache_note note = {.recipe = "thumb", .uri = uri, .modified = 1};
	return r < 0 ? r : cache_keep(cache, key, file, size, &note);
}

static double ms_since(uint64_t start_us)
{
	return (double)(clock_now_us() - start_us) / 1000;
}

static void find_some(struct cache *cache, unsigned long count)
{
	enum { LOOKS = 1000 };
	unsigned found = 0;
	uint64_t start = clock_now_us();
	for (unsigned long i = 0; i < LOOKS; i++) {
		uint8_t key[DIGEST_BYTES];
		uint64_t length;
		make_key(key, i * (count / LOOKS + 1) % count);
		FD_CLEANUP int file = cache_find(cache, key, &length);
		found += file >= 0;
	}
	printf("found %u of %d, each in %.4f ms\n", found, LOOKS, ms_since(start) / LOOKS);
}

static int open_timed(const char *path, uint64_t limit, struct cache **cache)
{
	uint64_t start = clock_now_us();
	int r = cache_open(path, limit, cache);
	if (r < 0)
		return r;
	printf("opened in %.3f ms\n", ms_since(start));
	start = clock_now_us();
	struct cache_counts counts = cache_count(*cache);
	printf("%" PRIu64 " entries, %" PRIu64 " bytes on the disk, known in %.3f ms\n",
		counts.entries, counts.used_bytes, ms_since(start));
	return 0;
}

/* The store is full: every result needs the room of another one. */
static int replace_some(struct cache *cache, unsigned long count, const char *body, size_t size)
{
	enum { RESULTS = 1000 };
	uint64_t start = clock_now_us(), most = 0;
	int r = 0;
	for (unsigned long i = 0; i < RESULTS && r == 0; i++) {
		uint64_t before = clock_now_us();
		r = keep(cache, count + i, body, size);
		uint64_t took = clock_now_us() - before;
		most = took > most ? took : most;
	}
	printf("%" PRIu64 " evicted for %d results, each in %.3f ms, the longest in %.1f ms\n",
		cache_count(cache).evicted, RESULTS, ms_since(start) / RESULTS,
		(double)most / 1000);
	return r;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	size_t size = argc > 3 ? strtoul(argv[3], NULL, 10) : 1024;
	char *body = calloc(1, size + 1);
	struct cache *cache = NULL;
	if (count == 0 || !body) {
		fputs("bench-store DIRECTORY ENTRIES [BYTES]\n", stderr);
		return 2;
	}
	uint64_t start = clock_now_us();
	int r = cache_open(argv[1], UINT64_C(1) << 50, &cache);
	for (unsigned long i = 0; i < count && r == 0; i++)
		r = keep(cache, i, body, size);
	uint64_t used = r == 0 ? cache_used(cache) : 0;
	cache_close(cache);
	cache = NULL;
	printf("%lu filled in %.1f s\n", count, ms_since(start) / 1000);
	if (r == 0)
		r = open_timed(argv[1], used, &cache);
	if (r == 0) {
		find_some(cache, count);
		r = replace_some(cache, count, body, size);
	}
	cache_close(cache);
	free(body);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0;
}

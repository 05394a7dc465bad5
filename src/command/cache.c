/* SPDX-License-Identifier: MIT */
/* What one line of `ls` says about an entry is what `purge` looks at, so that the one can be tried
 * with the other. */
#include "src/command/cache.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "src/cache/cache.h"

struct walk {
	const char *pattern;
	uint64_t entries, bytes, removed, wrong, fresh;
	int error; /* why a checksum could not be left */
};

static void put_time(const struct timespec *when)
{
	char text[32];
	struct tm tm;
	gmtime_r(&when->tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	fputs(text, stdout);
}

/* Nothing of an address gets to a terminal as it is. */
static void put_entry(const struct cache_entry *entry)
{
	char buffer[4 * CACHE_URI_MAX + 8];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	text_escaped(&text, entry->uri, CACHE_URI_MAX);
	put_time(&entry->used);
	printf(" %12" PRIu64 " %s %s\n", entry->length, entry->recipe, buffer);
}

static int list(void *data, const struct cache_entry *entry)
{
	struct walk *walk = data;
	if (entry->problem)
		walk->wrong++;
	else
		put_entry(entry);
	return ferror(stdout) ? -EIO : CACHE_STAY;
}

static int add_up(void *data, const struct cache_entry *entry)
{
	struct walk *walk = data;
	walk->entries += !entry->problem;
	walk->wrong += entry->problem != NULL;
	walk->bytes += entry->length;
	return CACHE_STAY;
}

static int purge(void *data, const struct cache_entry *entry)
{
	struct walk *walk = data;
	if (entry->problem || fnmatch(walk->pattern, entry->uri, 0) != 0)
		return CACHE_STAY;
	walk->removed++;
	return CACHE_REMOVE;
}

/* NULL: the body is what it was. */
static const char *check_body(struct walk *walk, const struct cache_entry *entry)
{
	int r = cache_check_body(entry);
	walk->fresh += r == CACHE_BODY_FIRST;
	if (r < 0)
		walk->error = -r;
	return r == CACHE_BODY_OTHER ? "is not what it was" : NULL;
}

static int verify(void *data, const struct cache_entry *entry)
{
	struct walk *walk = data;
	const char *problem = entry->problem ? entry->problem : check_body(walk, entry);
	walk->entries++;
	if (!problem)
		return CACHE_STAY;
	char buffer[2048];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	text_escaped(&text, entry->name, 300);
	printf("%s %s: removed\n", buffer, problem);
	walk->wrong++;
	return CACHE_REMOVE;
}

static int report(const struct config *config, const struct cache *cache, const struct walk *walk)
{
	uint64_t used = cache_used(cache);
	printf("path     %s\nentries  %" PRIu64 "\ncontent  %" PRIu64 " bytes\n",
		config->cache_path, walk->entries, walk->bytes);
	printf("on disk  %" PRIu64 " of %" PRIu64 " bytes, %.1f %%\n", used, cache_limit(cache),
		100.0 * (double)used / (double)cache_limit(cache));
	if (walk->wrong)
		printf("wrong    %" PRIu64 ", see verify\n", walk->wrong);
	return 0;
}

static int run(
	const struct config *config, struct cache *cache, const char *command, struct walk *walk)
{
	cache_visit *visit = !strcmp(command, "ls")	 ? list
			     : !strcmp(command, "stat")	 ? add_up
			     : !strcmp(command, "purge") ? purge
							 : verify;
	int r = cache_walk(cache, visit, walk);
	if (r < 0) {
		fprintf(stderr, "sluice: %s\n", strerror(-r));
		return 1;
	}
	if (visit == add_up)
		return report(config, cache, walk);
	if (visit == purge)
		printf("%" PRIu64 " removed\n", walk->removed);
	if (visit != verify)
		return 0;
	if (walk->error)
		fprintf(stderr, "sluice: some content could not be compared: %s\n",
			strerror(walk->error));
	if (walk->fresh)
		printf("%" PRIu64 " have a checksum of their content now\n", walk->fresh);
	printf("%" PRIu64 " looked at, %" PRIu64 " wrong\n", walk->entries, walk->wrong);
	return walk->wrong > 0 || walk->error != 0;
}

int caching_run(const struct config *config, const char *address, const char *accept,
	char *const *words, int count)
{
	const char *command = count > 0 ? words[0] : "";
	bool warm = !strcmp(command, "warm"), one = !strcmp(command, "purge");
	bool none =
		!strcmp(command, "ls") || !strcmp(command, "stat") || !strcmp(command, "verify");
	if (!(warm && count > 1) && !(one && count == 2) && !(none && count == 1)) {
		fputs("sluice: cache ls | stat | purge PATTERN | verify | warm URL...\n", stderr);
		return 2;
	}
	if (!config->cache_path) {
		fputs("sluice: the configuration has no cache section\n", stderr);
		return 1;
	}
	if (warm)
		return caching_warm(
			config, address ? address : config->listen, accept, words + 1, count - 1);
	struct cache *cache;
	struct walk walk = {.pattern = one ? words[1] : NULL};
	int r = cache_open(config->cache_path, config->cache_bytes, &cache);
	if (r < 0) {
		fprintf(stderr, "sluice: %s: %s\n", config->cache_path, strerror(-r));
		return 1;
	}
	int status = run(config, cache, command, &walk);
	cache_close(cache);
	return status;
}

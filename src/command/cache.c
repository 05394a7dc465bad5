/* SPDX-License-Identifier: MIT */
#include "src/command/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "src/cache/cache.h"
#include "src/command/cache_purge.h"
#include "src/command/cache_warm.h"
#include "src/daemon/user.h"

struct walk {
	const struct cache_purge *purge;
	uint64_t entries, bytes, removed, wrong;
	uint64_t first; /* entries that had no checksum of their content before */
	int error;	/* why a content could not be compared; 0: all could */
};

static void put_time(const struct timespec *when)
{
	char text[32];
	struct tm tm;
	gmtime_r(&when->tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	fputs(text, stdout);
}

/* A client chose the URL and its bytes, so it is escaped for the terminal. */
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
	if (entry->problem || !cache_purge_wants(walk->purge, entry))
		return CACHE_STAY;
	walk->removed++;
	return CACHE_REMOVE;
}

/* NULL: the content is as it was. */
static const char *check_body(struct walk *walk, const struct cache_entry *entry)
{
	int r = cache_check_body(entry);
	walk->first += r == CACHE_BODY_FIRST;
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

static int report_list(
	const struct config *config, const struct cache *cache, const struct walk *walk)
{
	(void)config;
	(void)cache;
	(void)walk;
	return COMMAND_GOOD;
}

static int report_stat(
	const struct config *config, const struct cache *cache, const struct walk *walk)
{
	uint64_t used = cache_used(cache);
	printf("path     %s\nentries  %" PRIu64 "\ncontent  %" PRIu64 " bytes\n",
		config->cache_path, walk->entries, walk->bytes);
	printf("on disk  %" PRIu64 " of %" PRIu64 " bytes, %.1f %%\n", used, cache_limit(cache),
		100.0 * (double)used / (double)cache_limit(cache));
	if (walk->wrong)
		printf("wrong    %" PRIu64 ", see verify\n", walk->wrong);
	return COMMAND_GOOD;
}

static int report_purge(
	const struct config *config, const struct cache *cache, const struct walk *walk)
{
	(void)config;
	(void)cache;
	printf("%" PRIu64 " removed\n", walk->removed);
	if (walk->removed > 0)
		return COMMAND_GOOD;
	fputs("sluice: nothing is removed: the store has no such result\n", stderr);
	return COMMAND_FAILED;
}

static int report_verify(
	const struct config *config, const struct cache *cache, const struct walk *walk)
{
	(void)config;
	(void)cache;
	if (walk->error)
		fprintf(stderr, "sluice: some content could not be compared: %s\n",
			strerror(walk->error));
	if (walk->first)
		printf("%" PRIu64 " have a checksum of their content now\n", walk->first);
	printf("%" PRIu64 " looked at, %" PRIu64 " wrong\n", walk->entries, walk->wrong);
	return walk->wrong > 0 || walk->error != 0 ? COMMAND_FAILED : COMMAND_GOOD;
}

/* The commands that walk through the store. */
static const struct walker {
	const char *name;
	int operands;
	cache_visit *visit;
	int (*report)(
		const struct config *config, const struct cache *cache, const struct walk *walk);
} walkers[] = {
	{"ls", 0, list, report_list},
	{"stat", 0, add_up, report_stat},
	{"purge", 1, purge, report_purge},
	{"verify", 0, verify, report_verify},
};

/* --source stands in place of the pattern. */
static const struct walker *find(const struct command_line *line)
{
	const int operands = line->operand_count - 1 + (line->source != NULL);
	for (size_t i = 0; i < sizeof walkers / sizeof *walkers; i++)
		if (operands == walkers[i].operands && !strcmp(line->operands[0], walkers[i].name))
			return &walkers[i];
	return NULL;
}

static int run_walker(
	const struct config *config, const struct walker *walker, const struct cache_purge *chosen)
{
	struct cache *cache;
	struct walk walk = {.purge = chosen};
	int r = cache_open(config->cache_path, config->cache_bytes, &cache);
	if (r < 0) {
		fprintf(stderr, "sluice: %s: %s\n", config->cache_path, strerror(-r));
		return COMMAND_FAILED;
	}
	r = cache_walk(cache, walker->visit, &walk);
	if (r < 0)
		fprintf(stderr, "sluice: %s\n", strerror(-r));
	int status = r < 0 ? COMMAND_FAILED : walker->report(config, cache, &walk);
	cache_close(cache);
	return status;
}

static int warm(const struct config *config, const struct command_line *line)
{
	const struct cache_warm_options options = {
		.address = command_line_address(line, config),
		.accept = command_line_accept(line),
		.parallel = config->slots,
		.urls = line->operands + 1,
		.count = line->operand_count - 1,
	};
	return options.address ? cache_warm(&options) : COMMAND_FAILED;
}

static int walk(
	const struct config *config, const struct walker *walker, const struct command_line *line)
{
	if (!walker->operands)
		return run_walker(config, walker, NULL);
	struct cache_purge *chosen = cache_purge_new(config, line->operands[1], line->source);
	int status = chosen ? run_walker(config, walker, chosen) : COMMAND_FAILED;
	if (!chosen)
		fputs("sluice: out of memory\n", stderr);
	cache_purge_free(chosen);
	return status;
}

int cache_run(const struct command_line *line)
{
	const struct walker *walker = line->operand_count > 0 ? find(line) : NULL;
	bool is_warm = line->operand_count > 1 && !strcmp(line->operands[0], "warm");
	if (is_warm ? line->source != NULL : !walker)
		return command_line_refuse(line,
			"the commands are cache ls | stat | "
			"purge [--source NAME | PATTERN] | verify | warm URL...");
	struct config *config = command_line_load(line);
	int status = COMMAND_FAILED;
	if (config && !config->cache_path)
		fputs("sluice: the configuration has no cache section\n", stderr);
	else if (config && is_warm)
		status = warm(config, line);
	/* Whoever has become the daemon's user may have put links into the store. */
	else if (config && (!config->user || user_become_alone(config) == 0))
		status = walk(config, walker, line);
	config_unref(config);
	return status;
}

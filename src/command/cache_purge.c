/* SPDX-License-Identifier: MIT */
/* An operator who removes a picture must not miss a variant of it because of the way in which a
 * client has spelled the URL. So the pattern is held against the URL in its canonical spelling, as
 * `ls` prints it, with the escapes of both undone. A source is recognized by its name, by the name
 * without links, and as a file, since two names may lead to one. */
#include "src/command/cache_purge.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/fd.h"
#include "base/text.h"
#include "src/source/name.h"
#include "src/source/source.h"

struct cache_purge {
	const struct config *config;
	char *pattern; /* without escapes; NULL: by source */
	char source[PATH_MAX];
	struct cache_source wanted; /* inode 0: there is no such file now */
};

/* Undoes the escapes of a URL. A '%' that begins none stays. glob: what had to be escaped has no
 * meaning in a pattern. */
static void decode(const char *url, bool glob, struct text *out)
{
	while (*url) {
		int high = *url == '%' ? digits_hex_value(url[1]) : -1;
		int low = high < 0 ? -1 : digits_hex_value(url[2]);
		bool escaped = low >= 0 && (high > 0 || low > 0);
		char byte = escaped ? (char)(high << 4 | low) : *url;
		if (glob && escaped && strchr("*?[]\\", byte))
			text_puts(out, "\\");
		text_append(out, &byte, 1);
		url += escaped ? 3 : 1;
	}
}

static bool take_pattern(struct cache_purge *purge, const char *pattern)
{
	size_t size = strlen(pattern) + 1;
	struct text text;
	purge->pattern = malloc(size);
	if (!purge->pattern)
		return false;
	text_init(&text, purge->pattern, size);
	decode(pattern, true, &text);
	return true;
}

static void take_source(struct cache_purge *purge, const char *name)
{
	char real[PATH_MAX];
	struct source source;
	if (!source_name_clean(name, purge->source))
		return;
	cache_source_name(purge->source, purge->wanted.name);
	FD_CLEANUP int root_fd = open(purge->config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || source_open(root_fd, purge->source, &source) != 0)
		return;
	purge->wanted.device = source.stat.st_dev;
	purge->wanted.inode = source.stat.st_ino;
	if (source_name_real(purge->config->root, source.fd, real))
		cache_source_name(real, purge->wanted.real_name);
	source_close(&source);
}

struct cache_purge *cache_purge_new(
	const struct config *config, const char *pattern, const char *source)
{
	struct cache_purge *purge = calloc(1, sizeof *purge);
	if (!purge)
		return NULL;
	purge->config = config;
	if (source)
		take_source(purge, source);
	else if (!take_pattern(purge, pattern)) {
		free(purge);
		return NULL;
	}
	return purge;
}

void cache_purge_free(struct cache_purge *purge)
{
	if (!purge)
		return;
	free(purge->pattern);
	free(purge);
}

static bool is_same_name(const uint8_t a[DIGEST_BYTES], const uint8_t b[DIGEST_BYTES])
{
	static const uint8_t none[DIGEST_BYTES];
	return !memcmp(a, b, DIGEST_BYTES) && memcmp(a, none, DIGEST_BYTES) != 0;
}

static bool is_same_source(const struct cache_source *a, const struct cache_source *b)
{
	return is_same_name(a->name, b->name) || is_same_name(a->name, b->real_name) ||
	       is_same_name(a->real_name, b->name) || is_same_name(a->real_name, b->real_name) ||
	       (a->inode != 0 && a->device == b->device && a->inode == b->inode);
}

/* An entry of an older version: its recipe tells which part of the URL is the source. */
static bool has_source_in_url(const struct cache_purge *purge, const struct cache_entry *entry)
{
	const struct config *config = purge->config;
	const size_t prefix = strlen(config->prefix);
	struct query query;
	struct pattern_match match;
	char name[PATH_MAX];
	const char *why, *source;
	if (query_parse(entry->uri, &query, &why) != QUERY_OK ||
		strncmp(query.path, config->prefix, prefix) != 0)
		return false;
	for (size_t i = 0; i < config->recipe_count; i++) {
		const struct recipe *recipe = config->recipes[i];
		if (!strcmp(recipe->name, entry->recipe) &&
			pattern_matches(recipe->path, query.path + prefix, &match) &&
			(source = pattern_match_get(&match, "source")) &&
			source_name_clean(source, name) && !strcmp(name, purge->source))
			return true;
	}
	return false;
}

bool cache_purge_wants(const struct cache_purge *purge, const struct cache_entry *entry)
{
	if (!purge->pattern)
		return entry->has_source ? is_same_source(&purge->wanted, &entry->source)
					 : has_source_in_url(purge, entry);
	char url[CACHE_URI_MAX + 1];
	struct text text;
	text_init(&text, url, sizeof url);
	decode(entry->uri, false, &text);
	return fnmatch(purge->pattern, url, 0) == 0;
}

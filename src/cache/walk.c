/* SPDX-License-Identifier: MIT */
/* The walk over all entries is for the commands of an operator; no request needs it. Files that lie
 * among the entries and are none are shown as well, with the reason. */
#include "src/cache/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* A walk does not count as use, so the time of access should stay. Only the owner of a file may ask
 * for that (O_NOATIME). */
static int open_quietly(int directory, const char *name)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int file = openat(directory, name, flags | O_NOATIME);
	return file < 0 && errno == EPERM ? openat(directory, name, flags) : file;
}

static const char *problem_of(const struct cache_header *header, const char *prefix,
	const char *name, const struct stat *st)
{
	char hex[DIGEST_HEX_MAX];
	digest_hex(header->key, hex);
	if (strcmp(hex, name) != 0 || strncmp(hex, prefix, 2) != 0 || hex[2] != prefix[3])
		return "is the entry of another key";
	if (header->length != (uint64_t)st->st_size)
		return "does not have its recorded length";
	return cache_is_untouched(header, st) ? NULL : "was written to after it was kept";
}

/* Fills *entry and *header for the file `name` in the directory fd; entry->file is the caller's to
 * close. */
static void look_at(int fd, const char *prefix, const char *name, struct cache_entry *entry,
	struct cache_header *header)
{
	struct stat st = {0};
	*header = (struct cache_header){.length = 0};
	*entry = (struct cache_entry){.file = open_quietly(fd, name)};
	snprintf(entry->name, sizeof entry->name, "%s/%s", prefix, name);
	if (entry->file < 0 || fstat(entry->file, &st) < 0 || !S_ISREG(st.st_mode)) {
		entry->problem = "is not a readable file";
	} else if (cache_header_read(entry->file, header) < 0) {
		entry->problem = "has no valid attribute of an entry";
	} else {
		entry->problem = problem_of(header, prefix, name, &st);
		memcpy(entry->key, header->key, DIGEST_BYTES);
		snprintf(entry->recipe, sizeof entry->recipe, "%s", header->recipe);
		snprintf(entry->uri, sizeof entry->uri, "%s", header->uri);
		entry->has_source = cache_source_read(entry->file, &entry->source);
	}
	entry->length = (uint64_t)st.st_size;
	entry->used = st.st_atim;
}

/* Visits one file. cache_remove subtracts a removed file from the shared numbers, so it is
 * subtracted from `before` as well: cache_usage_correct compares the two. */
static int walk_file(struct cache *cache, int fd, const char *prefix, const char *name,
	cache_visit *visit, void *data, struct cache_amount *before, struct cache_amount *found)
{
	struct cache_entry entry;
	struct cache_header header;
	look_at(fd, prefix, name, &entry, &header);
	int r = visit(data, &entry);
	fd_close(&entry.file);
	const int64_t cost = (int64_t)cache_cost(cache, entry.length);
	if (r == CACHE_REMOVE) {
		cache_lineage_forget(cache, &header);
		if (cache_remove(cache, entry.name, entry.length)) {
			before->bytes -= cost;
			before->entries--;
			return CACHE_REMOVE;
		}
	}
	found->bytes += cost;
	found->entries++;
	return r < 0 ? r : CACHE_STAY;
}

static int walk_directory(struct cache *cache, unsigned number, cache_visit *visit, void *data)
{
	char prefix[8];
	cache_directory_name(number, prefix);
	struct cache_amount before, found = {0};
	DIR *directory = cache_directory_list(cache, number, &before);
	if (!directory)
		return 0;
	int fd = dirfd(directory);
	int r = 0;
	unsigned seen = 0;
	const char *name;
	while (r >= 0 && (name = cache_directory_next(directory, &seen))) {
		if (cache_lineage_sweep(cache, fd, name) || strlen(name) != DIGEST_HEX_MAX - 1)
			continue;
		r = walk_file(cache, fd, prefix, name, visit, data, &before, &found);
	}
	closedir(directory);
	if (r >= 0)
		cache_usage_correct(cache, number, before, found);
	return r < 0 ? r : 0;
}

int cache_walk(struct cache *cache, cache_visit *visit, void *data)
{
	int r = 0;
	for (unsigned number = 0; number < CACHE_DIRECTORIES && r == 0; number++)
		r = walk_directory(cache, number, visit, data);
	return r;
}

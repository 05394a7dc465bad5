/* SPDX-License-Identifier: MIT */
/* For people: nothing that serves requests needs to see all entries. What lies between them that is none is shown, too. */
#include "src/cache_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* Fills *entry for the file `name` in the directory fd. */
static void look_at(int fd, const char *prefix, const char *name, struct cache_entry *entry)
{
	struct cache_header header = {.length = 0};
	struct stat st = {0};
	char hex[DIGEST_HEX_MAX];
	snprintf(entry->name, sizeof entry->name, "%s/%s", prefix, name);
	entry->recipe[0] = entry->uri[0] = '\0';
	entry->problem = NULL;
	FD_CLEANUP int file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file < 0 || fstat(file, &st) < 0 || !S_ISREG(st.st_mode)) {
		entry->problem = "is no file that can be read";
	} else if (cache_header_read(file, &header) < 0) {
		entry->problem = "has no attribute of an entry";
	} else {
		digest_hex(header.key, hex);
		if (strcmp(hex, name) != 0 || strncmp(hex, prefix, 2) != 0 || hex[2] != prefix[3])
			entry->problem = "is the entry of another key";
		else if (header.length != (uint64_t)st.st_size)
			entry->problem = "has not the length that it should have";
		snprintf(entry->recipe, sizeof entry->recipe, "%s", header.recipe);
		snprintf(entry->uri, sizeof entry->uri, "%s", header.uri);
	}
	entry->length = (uint64_t)st.st_size;
	entry->used = st.st_atim;
}

static int walk_directory(struct cache *cache, unsigned number, cache_visit *visit, void *data)
{
	char prefix[8];
	snprintf(prefix, sizeof prefix, "%02x/%x", number >> 4 & 0xff, number & 15);
	int64_t before = atomic_load(&cache->usage->directories[number]), bytes = 0;
	int fd = openat(cache->directory, prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		if (fd < 0 && errno == ENOENT)
			cache_usage_correct(cache, number, before, 0);
		fd_close(&fd);
		return 0;
	}
	int r = 0;
	struct dirent *found;
	while (r >= 0 && (found = readdir(directory))) {
		struct cache_entry entry;
		size_t length = strlen(found->d_name);
		if (!strcmp(found->d_name, ".") || !strcmp(found->d_name, ".."))
			continue;
		if (length != DIGEST_HEX_MAX - 1)
			continue;
		look_at(fd, prefix, found->d_name, &entry);
		r = visit(data, &entry);
		if (r == CACHE_REMOVE && unlinkat(fd, found->d_name, 0) == 0)
			continue;
		bytes += (int64_t)cache_cost(cache, entry.length);
	}
	closedir(directory);
	if (r >= 0)
		cache_usage_correct(cache, number, before, bytes);
	return r < 0 ? r : 0;
}

int cache_walk(struct cache *cache, cache_visit *visit, void *data)
{
	int r = 0;
	cache_usage_lock(cache);
	for (unsigned number = 0; number < CACHE_DIRECTORIES && r == 0; number++)
		r = walk_directory(cache, number, visit, data);
	cache_usage_unlock(cache);
	return r;
}

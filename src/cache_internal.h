/* SPDX-License-Identifier: MIT */
#ifndef SRC_CACHE_INTERNAL_H
#define SRC_CACHE_INTERNAL_H

/* What the files cache*.c share; nobody else includes it. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "src/cache.h"

enum {
	CACHE_DIRECTORIES = 4096, /* by three hexadecimal digits: two and one */
	CACHE_VICTIMS_MAX = 256,
	CACHE_BLOCK = 4096,
};

/* Shared between daemons: a mapped file of the store. What each directory holds, in bytes on the disk. Kept by additions alone, so that
 * a daemon that is killed between a change and its addition leaves a number wrong, below zero even; whoever looks through the
 * directory puts it right. */
struct cache_usage {
	char magic[16];
	_Atomic int64_t directories[CACHE_DIRECTORIES];
};

struct cache_victim {
	char name[CACHE_NAME_MAX];
	struct timespec used;
};

struct cache {
	int directory;
	uint64_t limit_bytes;
	uint64_t overhead_bytes; /* on the disk beside an entry's content */
	int usage_file;
	struct cache_usage *usage;
	_Atomic int64_t reserved_bytes; /* by this daemon, for what has no name yet */
	_Atomic uint64_t silent_until_ms; /* the disk was full: nothing is kept until then */
	atomic_bool told;
	pthread_mutex_t evicting; /* for what follows */
	size_t victim_count;
	struct cache_victim victims[CACHE_VICTIMS_MAX]; /* the oldest last */
};

/* cache_usage.c. Returns 0 or -errno. */
int cache_usage_open(struct cache *cache);
void cache_usage_close(struct cache *cache);
void cache_usage_add(struct cache *cache, unsigned directory, int64_t bytes);
/* The directory was looked through when its number was `before`: it is `bytes`, unless somebody changed it meanwhile. */
void cache_usage_correct(struct cache *cache, unsigned directory, int64_t before, int64_t bytes);
/* Between daemons: one evicts at a time. Ends with its process, too. */
void cache_usage_lock(struct cache *cache);
void cache_usage_unlock(struct cache *cache);

/* 0 … CACHE_DIRECTORIES - 1 */
unsigned cache_directory_of(const uint8_t key[DIGEST_BYTES]);
/* What a file of this length takes on the disk. */
uint64_t cache_cost(const struct cache *cache, uint64_t length);

/* cache_evict.c: removes what was used least recently until what is reserved fits. Returns 0 or -ENOSPC. */
int cache_make_room(struct cache *cache);
/* Removes an entry of that length, if it is still there. Returns whether it was. */
bool cache_remove(struct cache *cache, const char *name, uint64_t length);

/* cache_header.c: what the file itself knows, in an extended attribute. Return 0 or -errno; -EBADMSG: it is not
 * an entry, or not that one. */
int cache_header_write(
	int file, const uint8_t key[DIGEST_BYTES], uint64_t length, const struct cache_note *note);
struct cache_header {
	uint8_t key[DIGEST_BYTES];
	uint64_t length;
	char recipe[CACHE_RECIPE_MAX + 1];
	char uri[CACHE_URI_MAX + 1];
};
int cache_header_read(int file, struct cache_header *header);

#endif

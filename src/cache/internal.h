/* SPDX-License-Identifier: MIT */
#ifndef SRC_CACHE_INTERNAL_H
#define SRC_CACHE_INTERNAL_H

/* What the files cache*.c share; nobody else includes it. */

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "src/cache/cache.h"

enum {
	CACHE_DIRECTORIES = 4096, /* by three hexadecimal digits: two and one */
	CACHE_VICTIMS_MAX = 256,
	CACHE_BLOCK = 4096,
	CACHE_COUNT_AT_ONCE = 64, /* directories */
};

/* What is in a directory, bytes as on the disk. The file `usage` of the store has it for each
 * directory, shared between daemons. It is kept by additions alone, so that a daemon that is killed
 * between a change and its addition leaves a number wrong, below zero even; whoever looks through
 * the directory puts it right. A file that was lost or cut has zeros: then its directories have to
 * be looked through once more. */
struct cache_amount {
	int64_t bytes, entries;
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
	pthread_mutex_t counting;	     /* for a change in it, see cache_usage.c */
	_Atomic uint64_t impatient_until_ms; /* no lock of another daemon is waited for */
	_Atomic int64_t reserved_bytes;	     /* by this daemon, for what has no name yet */
	_Atomic uint64_t stored, failed, evicted, damaged;
	atomic_uint
		count_from; /* the directory at which the next search for uncounted ones begins */
	_Atomic uint64_t silent_until_ms; /* the disk was full: nothing is kept until then */
	atomic_bool told;
	pthread_mutex_t evicting; /* for what follows */
	size_t victim_count;
	struct cache_victim victims[CACHE_VICTIMS_MAX]; /* the oldest last */
};

/* cache_usage.c. Returns 0 or -errno. */
int cache_usage_open(struct cache *cache);
void cache_usage_close(struct cache *cache);
void cache_usage_add(struct cache *cache, unsigned directory, int64_t bytes, int64_t entries);
struct cache_amount cache_usage_get(const struct cache *cache, unsigned directory);
/* The directory was looked through when its numbers were `before`: they are `found`, unless
 * somebody changed them meanwhile. */
void cache_usage_correct(struct cache *cache, unsigned directory, struct cache_amount before,
	struct cache_amount found);
/* What each directory holds on the disk. */
void cache_usage_bytes(const struct cache *cache, int64_t bytes[CACHE_DIRECTORIES]);
/* Of each directory: whether it was ever looked through. */
void cache_usage_counted(const struct cache *cache, uint8_t counted[CACHE_DIRECTORIES]);
/* Between daemons: one evicts at a time. Ends with its process, too. Waits for a moment only: then
 * two evict. */
void cache_usage_lock(struct cache *cache);
void cache_usage_unlock(struct cache *cache);

/* 0 … CACHE_DIRECTORIES - 1 */
unsigned cache_directory_of(const uint8_t key[DIGEST_BYTES]);
/* What a file of this length takes on the disk. */
uint64_t cache_cost(const struct cache *cache, uint64_t length);

/* "ab/c" */
void cache_directory_name(unsigned directory, char out[8]);
/* Opens it; make: with all above it. Returns the descriptor or -errno. */
int cache_directory_open(const struct cache *cache, unsigned directory, bool make);
/* To read it to its end: *before is what is known of it now, for cache_usage_correct afterwards.
 * NULL: there is nothing to read, and that has been put right. To be closed with closedir. */
DIR *cache_directory_list(struct cache *cache, unsigned directory, struct cache_amount *before);

/* cache_evict.c: removes what was used least recently until what is reserved fits. Returns 0 or
 * -ENOSPC. */
int cache_make_room(struct cache *cache);
/* Looks through some of the directories that nobody has counted yet. */
void cache_count_some(struct cache *cache);
/* Removes an entry of that length, if it is still there. Returns whether it was. */
bool cache_remove(struct cache *cache, const char *name, uint64_t length);
/* Whether it has the name of an entry. */
bool cache_is_name(const char *name);

/* cache_header.c: what the file itself knows, in an extended attribute. Return 0 or -errno;
 * -EBADMSG: it is not an entry, or not that one. */
int cache_header_write(
	int file, const uint8_t key[DIGEST_BYTES], uint64_t length, const struct cache_note *note);
struct cache_header {
	uint8_t key[DIGEST_BYTES];
	uint8_t lineage[DIGEST_BYTES]; /* zeros: none */
	uint64_t length;
	char recipe[CACHE_RECIPE_MAX + 1];
	char uri[CACHE_URI_MAX + 1];
};
int cache_header_read(int file, struct cache_header *header);
/* Whether the file is what was kept, as far as its status can tell: its length; and its time of
 * content, which is the source's in whole seconds. Who writes to it or cuts it later sets that to
 * now, which has a fraction. */
bool cache_is_untouched(const struct cache_header *header, const struct stat *st);

/* cache_series.c. An entry goes: the lineage is not to lead to it any more. Due before its file is
 * removed. */
void cache_lineage_forget(struct cache *cache, const struct cache_header *header);
/* Of the file `name` in the open directory: whether it is a link of a lineage; if it leads nowhere
 * it is removed. */
bool cache_lineage_sweep(struct cache *cache, int directory, const char *name);

#endif

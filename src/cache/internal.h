/* SPDX-License-Identifier: MIT */
#ifndef SRC_CACHE_INTERNAL_H
#define SRC_CACHE_INTERNAL_H

/* What the files of this room share, in their order: each file uses only those before it. Only
 * src/cache and its unit test include this. Any thread may call every function here, except those
 * of opening and closing. */

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "src/cache/cache.h"

enum {
	CACHE_DIRECTORIES = 4096, /* by three hexadecimal digits: two and one */
	CACHE_VICTIMS_MAX = 256,
	CACHE_BLOCK = 4096,
	CACHE_COUNT_AT_ONCE = 64,  /* directories */
	CACHE_NAMES_MAX = 1 << 18, /* in a directory, of which there are 4096 */
};

struct cache_victim {
	char name[CACHE_NAME_MAX];
	struct timespec used;
};

/* One for all threads. Directory, path, limit, overhead and usage_file never change after
 * cache_open. */
struct cache {
	int directory;
	char *path; /* of the directory */
	uint64_t limit_bytes;
	uint64_t overhead_bytes; /* on the disk, beside an entry's content */
	_Atomic uint64_t stored, failed, evicted, damaged;

	/* usage.c */
	int usage_file;
	pthread_mutex_t counting; /* guards a change of a directory and of its numbers */
	uint64_t number_wait_ms;  /* for another daemon's read and write of a number */
	_Atomic uint64_t
		impatient_until_ms;	/* until then no lock of another daemon is waited for */
	_Atomic int64_t reserved_bytes; /* by this daemon, for files without a name yet */

	/* eviction.c */
	atomic_uint count_from;	  /* the next search for uncounted directories begins here */
	pthread_mutex_t evicting; /* guards the victims */
	size_t victim_count;
	struct cache_victim victims[CACHE_VICTIMS_MAX]; /* the oldest last */

	/* cache.c: the disk was full, so nothing is kept until then; the log says so once. */
	_Atomic uint64_t silent_until_ms;
	atomic_int error; /* of the last failure */
	atomic_bool told;
};

/* naming.c */

/* 0 … CACHE_DIRECTORIES - 1; a name is an entry's, such as "ab/c/abc…". */
unsigned cache_directory_of(const uint8_t key[DIGEST_BYTES]);
unsigned cache_directory_of_name(const char *name);
/* "ab/c" */
void cache_directory_name(unsigned directory, char out[8]);
/* Opens it; make: creates it with all above it. Returns the descriptor or -errno. */
int cache_directory_open(const struct cache *cache, unsigned directory, bool make);
/* Whether a file of a directory has the name of an entry: a key in hexadecimal digits. */
bool cache_is_name(const char *name);
/* The key of such a name. */
void cache_key_of_name(const char *name, uint8_t key[DIGEST_BYTES]);

/* usage.c */

/* What is in a directory, in bytes as on the disk. The file `usage` of the store has it for each
 * directory, and all daemons share that file. The numbers change by additions alone. A daemon that
 * is killed between a change and its addition leaves a number wrong, even below zero; the next look
 * through that directory puts it right. A file that was lost or cut reads as zeros: then its
 * directories are looked through once more. */
struct cache_amount {
	int64_t bytes, entries;
};

/* Returns 0 or -errno. */
int cache_usage_open(struct cache *cache);
void cache_usage_close(struct cache *cache);
/* What a file of this length takes on the disk. */
uint64_t cache_cost(const struct cache *cache, uint64_t length);
/* Before a file gets its name or loses it, and after the addition that tells of it. */
void cache_usage_begin(struct cache *cache, unsigned directory);
void cache_usage_end(struct cache *cache, unsigned directory);
/* Only between the two. */
void cache_usage_add(struct cache *cache, unsigned directory, int64_t bytes, int64_t entries);
struct cache_amount cache_usage_get(const struct cache *cache, unsigned directory);
/* A look through the directory has begun when its numbers were `before`, and has found `found`.
 * Sets the numbers to that, unless they have changed meanwhile. */
void cache_usage_correct(struct cache *cache, unsigned directory, struct cache_amount before,
	struct cache_amount found);
/* The bytes of each directory. */
void cache_usage_bytes(const struct cache *cache, int64_t bytes[CACHE_DIRECTORIES]);
/* For each directory: whether it was ever looked through. */
void cache_usage_counted(const struct cache *cache, uint8_t counted[CACHE_DIRECTORIES]);
/* The entries of all directories. */
uint64_t cache_usage_entries(const struct cache *cache);
/* Between daemons: one evicts at a time. The lock ends with its process. Waits only briefly, and
 * goes on without the lock then. */
void cache_usage_lock(struct cache *cache);
void cache_usage_unlock(struct cache *cache);
/* Opens a directory, to read it to its end; *before is for cache_usage_correct afterwards. The
 * caller closes it with closedir. NULL: there is nothing to read, and the numbers say so now. */
DIR *cache_directory_list(struct cache *cache, unsigned directory, struct cache_amount *before);
/* The next name in it; NULL: that was all, or *seen, which begins with 0, is CACHE_NAMES_MAX:
 * another process may add names as fast as they are read. */
const char *cache_directory_next(DIR *list, unsigned *seen);

/* header.c: what the file says about itself, in an extended attribute. */

struct cache_header {
	uint8_t key[DIGEST_BYTES];
	uint8_t lineage[DIGEST_BYTES]; /* zeros: none */
	uint64_t length;
	char recipe[CACHE_RECIPE_MAX + 1];
	char uri[CACHE_URI_MAX + 1];
};
/* Both return 0 or -errno; -EBADMSG: the file is not an entry. */
int cache_header_write(
	int file, const uint8_t key[DIGEST_BYTES], uint64_t length, const struct cache_note *note);
int cache_header_read(int file, struct cache_header *header);
/* Returns false when the entry does not say it. */
bool cache_source_read(int file, struct cache_source *source);
/* Whether the file is what was kept, as far as its status tells. Its length must be the recorded
 * one. Its time of content must be in whole seconds: it is the source's, and a later write or cut
 * sets it to a time with a fraction. */
bool cache_is_untouched(const struct cache_header *header, const struct stat *st);

/* entry.c */

/* Removes an entry of that length, if it is still there. Returns whether it was. The caller has it
 * open: its blocks must not be freed under the lock. */
bool cache_remove(struct cache *cache, const char *name, uint64_t length);

/* lineage.c */

/* An entry is about to be removed: its lineage must not lead to it any more. */
void cache_lineage_forget(struct cache *cache, const struct cache_header *header);
/* Whether the file `name` of the open directory is a link of a lineage. Removes a link that leads
 * nowhere. */
bool cache_lineage_sweep(struct cache *cache, int directory, const char *name);

/* eviction.c */

/* Removes what was used least recently until what is reserved fits. Returns 0 or -ENOSPC. */
int cache_make_room(struct cache *cache);
/* Looks through some of the directories that were never counted. */
void cache_count_some(struct cache *cache);

#endif

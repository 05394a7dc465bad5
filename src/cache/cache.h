/* SPDX-License-Identifier: MIT */
#ifndef SRC_CACHE_CACHE_H
#define SRC_CACHE_CACHE_H

/*
 * The store of results: one file for each, named by its key, complete from the moment that it has a
 * name. Several daemons may share one. Any thread, but for cache_open and cache_close.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "src/plan/digest.h"

struct cache;

/* "ab/c/abc…" */
enum { CACHE_NAME_MAX = 5 + DIGEST_HEX_MAX, CACHE_URI_MAX = 1024, CACHE_RECIPE_MAX = 64 };

/* What an entry says about itself. */
struct cache_note {
	const char *recipe; /* cut to CACHE_RECIPE_MAX bytes */
	const char *uri;    /* as the first client asked; cut to CACHE_URI_MAX bytes */
	time_t modified;    /* of the source: becomes the file's own */
	/* What it has in common with the results of this source's earlier and later contents
	 * (DIGEST_BYTES); NULL: it is not to be found by that. */
	const uint8_t *lineage;
};

/* Opens the store in the directory `path`, which exists, and is bound to limit_bytes on the disk.
 * Returns 0 or -errno; -ENOTSUP: the file system has no extended attributes of users or no unnamed
 * files. */
int cache_open(const char *path, uint64_t limit_bytes, struct cache **out);
void cache_close(struct cache *cache);

uint64_t cache_limit(const struct cache *cache);
/* Bytes on the disk, of all daemons together; after crashes nearly. */
uint64_t cache_used(const struct cache *cache);

struct cache_counts {
	uint64_t used_bytes, limit_bytes, entries; /* of all daemons together */
	uint64_t stored, failed, evicted, damaged; /* by this one, since it opened the store */
};
struct cache_counts cache_count(const struct cache *cache);

/* Looks for the result; it counts as used then. Returns its descriptor and its length, or -ENOENT.
 * What is there under that name and is no whole result is removed and logged. */
int cache_find(struct cache *cache, const uint8_t key[DIGEST_BYTES], uint64_t *length);

/* Which file it is: its number is given away again when it is removed, and its time is the
 * source's, so the time of its birth belongs to it. */
struct cache_file {
	uint64_t device, inode, born_ns, length;
	time_t modified;
};
/* Of an open entry. Returns 0, or -errno; -ENOTSUP: the file system knows no time of birth, or is
 * not of this machine. */
int cache_identify(int file, struct cache_file *out);
/* Whether it is that file that the store has there still. On a local file system, where it was
 * looked at a moment ago, this is answered from memory. */
bool cache_holds(
	const struct cache *cache, const uint8_t key[DIGEST_BYTES], const struct cache_file *then);
/* It counts as used now. */
void cache_touch(const struct cache *cache, const uint8_t key[DIGEST_BYTES]);

/* An older result of the same lineage. */
struct cache_older {
	uint8_t key[DIGEST_BYTES];
	uint64_t length;
	time_t modified;
	uint64_t stale_s; /* for how long it has been out of date */
};

/* Looks for the result that the lineage had before the source changed, if that is at most limit_s
 * ago; as far as nobody has seen it before, it changed at `changed` (its st_ctim). Returns its
 * descriptor or -ENOENT. */
int cache_find_older(struct cache *cache, const uint8_t lineage[DIGEST_BYTES],
	const uint8_t key[DIGEST_BYTES], time_t changed, uint64_t limit_s,
	struct cache_older *older);

/* The result of this key is there, and it is what the lineage has now. */
void cache_confirm(
	struct cache *cache, const uint8_t lineage[DIGEST_BYTES], const uint8_t key[DIGEST_BYTES]);

/* A new file without a name, for the result of this key. Returns the descriptor or -errno; -EBUSY:
 * the disk was full lately. */
int cache_new(struct cache *cache, const uint8_t key[DIGEST_BYTES]);

/* Gives the file its name, after older results have made room. It stays the caller's to close.
 * Returns 0, -EFBIG when it is larger than the store may be, or -errno; nothing is kept then. */
int cache_keep(struct cache *cache, const uint8_t key[DIGEST_BYTES], int file, uint64_t length,
	const struct cache_note *note);

/* To be told when a file of cache_new could not be filled: nothing is kept for a while, which is
 * logged once. */
void cache_fails(struct cache *cache, int error);

/* What cache_walk shows. */
struct cache_entry {
	char name[CACHE_NAME_MAX + 256];
	uint64_t length;
	struct timespec used;
	char recipe[CACHE_RECIPE_MAX + 1], uri[CACHE_URI_MAX + 1];
	const char *problem; /* why it is none; NULL: it is good */
	/* Of a good one. */
	uint8_t key[DIGEST_BYTES];
	int file; /* open for reading until the visit is over */
};

/* Returns what becomes of it: CACHE_STAY, CACHE_REMOVE, or -errno to end the walk. */
enum { CACHE_STAY, CACHE_REMOVE };
typedef int cache_visit(void *data, const struct cache_entry *entry);

/* Visits everything that has the place of an entry, in no order, and puts the numbers of what the
 * store holds right. Returns 0 or what visit returned. */
int cache_walk(struct cache *cache, cache_visit *visit, void *data);

/* Reads all of a good entry and compares it with the checksum that the first look at it has left
 * there. -errno: it could not be read, or no checksum be left. */
enum { CACHE_BODY_SAME, CACHE_BODY_FIRST, CACHE_BODY_OTHER };
int cache_check_body(const struct cache_entry *entry);

void cache_name(const uint8_t key[DIGEST_BYTES], char out[CACHE_NAME_MAX]);

#endif

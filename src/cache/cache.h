/* SPDX-License-Identifier: MIT */
#ifndef SRC_CACHE_CACHE_H
#define SRC_CACHE_CACHE_H

/*
 * The store of results. Each result is one file, named by its key, and complete from the moment
 * that it has a name. Several daemons may share a store. Any thread may call every function except
 * cache_open and cache_close. Descriptors that functions return belong to the caller.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "src/recipe/digest.h"

struct cache;

enum { CACHE_NAME_MAX = 5 + DIGEST_HEX_MAX, CACHE_URI_MAX = 1024, CACHE_RECIPE_MAX = 64 };

/* Which source a result is of: its name as it was asked for and the one without links, both as
 * digests, because a name may be long; and its file, because a file may have several names. */
struct cache_source {
	uint8_t name[DIGEST_BYTES], real_name[DIGEST_BYTES];
	uint64_t device, inode;
};
/* name: beneath the root, without needless slashes. */
void cache_source_name(const char *name, uint8_t out[DIGEST_BYTES]);

/* What an entry says about itself. */
struct cache_note {
	const char *recipe; /* cut to CACHE_RECIPE_MAX bytes */
	const char *uri;    /* in its canonical spelling; cut to CACHE_URI_MAX bytes */
	struct cache_source source;
	time_t modified; /* of the source; the file gets the same time */
	/* The key without the source's identity (DIGEST_BYTES): the same for earlier and later
	 * contents of the source. NULL: cache_find_older is not to find the entry. */
	const uint8_t *lineage;
};

/* Opens the store in the existing directory `path`; it takes limit_bytes on the disk at most.
 * Returns 0 or -errno; -ENOTSUP: the file system has no extended attributes of users or no unnamed
 * files. */
int cache_open(const char *path, uint64_t limit_bytes, struct cache **out);
void cache_close(struct cache *cache);

/* Where the store is. A configuration that was read later may name another directory. */
const char *cache_path(const struct cache *cache);
uint64_t cache_limit(const struct cache *cache);
/* Bytes on the disk, of all daemons together. After a crash the number is nearly right. */
uint64_t cache_used(const struct cache *cache);

struct cache_counts {
	uint64_t used_bytes, limit_bytes, entries; /* of all daemons together */
	uint64_t stored, failed, evicted, damaged; /* by this daemon, since it opened the store */
};
struct cache_counts cache_count(const struct cache *cache);

/* Looks for the result, and marks it as used. Returns its descriptor and its length, or -ENOENT. A
 * file of that name that is not a whole result is removed and logged. */
int cache_find(struct cache *cache, const uint8_t key[DIGEST_BYTES], uint64_t *length);

/* Which file it is. The time of birth belongs to it: the kernel gives the number of a removed file
 * away again, and the time of content is the source's. */
struct cache_file {
	uint64_t device, inode, born_ns, length;
	time_t modified;
};
/* For an open entry. Returns 0 or -errno; -ENOTSUP: the file system has no time of birth, or it is
 * not a local one. */
int cache_identify(int file, struct cache_file *out);
/* Whether the store still has that file there. On a local file system the kernel answers this from
 * memory when the file was used a moment ago. */
bool cache_holds(
	const struct cache *cache, const uint8_t key[DIGEST_BYTES], const struct cache_file *then);
/* Marks it as used now. */
void cache_touch(const struct cache *cache, const uint8_t key[DIGEST_BYTES]);

/* An older result of the same lineage. */
struct cache_older {
	uint8_t key[DIGEST_BYTES];
	uint64_t length;
	time_t modified;
	uint64_t stale_s; /* it has been out of date for so long */
};

/* Looks for the result that the lineage had before the source changed, if that was at most limit_s
 * ago. The first call after the change notes its time: `changed`, the source's st_ctim. Returns the
 * descriptor or -ENOENT. */
int cache_find_older(struct cache *cache, const uint8_t lineage[DIGEST_BYTES],
	const uint8_t key[DIGEST_BYTES], time_t changed, uint64_t limit_s,
	struct cache_older *older);

/* Notes that the result of this key is there, and that it is the lineage's current one. */
void cache_confirm(
	struct cache *cache, const uint8_t lineage[DIGEST_BYTES], const uint8_t key[DIGEST_BYTES]);

/* Makes a file without a name, for the result of this key. Returns the descriptor or -errno;
 * -EBUSY: the disk was full a moment ago. */
int cache_new(struct cache *cache, const uint8_t key[DIGEST_BYTES]);

/* Evicts older results to make room, and gives the file its name. The caller still closes the file.
 * Returns 0; -EFBIG when the file is larger than the store may be; or -errno. Nothing is kept then.
 */
int cache_keep(struct cache *cache, const uint8_t key[DIGEST_BYTES], int file, uint64_t length,
	const struct cache_note *note);

/* Call this when a file of cache_new could not be filled. Nothing is kept for a while then, and the
 * log says so once. */
void cache_fails(struct cache *cache, int error);

/* The errno of the last failure, while no result has been kept since; 0: there was none. */
int cache_get_error(const struct cache *cache);
/* What to tell of such an error, or of one of cache_open (cache: NULL): also what to do where the
 * directory itself is gone. The daemon confines itself to the directory that it has opened, so it
 * cannot open another one. As strerror(3). */
const char *cache_describe(const struct cache *cache, int error);

/* What cache_walk shows. */
struct cache_entry {
	char name[CACHE_NAME_MAX + 256];
	uint64_t length;
	struct timespec used;
	char recipe[CACHE_RECIPE_MAX + 1], uri[CACHE_URI_MAX + 1];
	/* False: an older version has kept it, which noted the first client's spelling in uri and
	 * no source. */
	bool has_source;
	struct cache_source source;
	const char *problem; /* why it is not an entry; NULL: it is good */
	/* Of a good entry only. */
	uint8_t key[DIGEST_BYTES];
	int file; /* open for reading until the visitor returns; the walk closes it */
};

/* Returns CACHE_STAY or CACHE_REMOVE, or -errno to end the walk. */
enum { CACHE_STAY, CACHE_REMOVE };
typedef int cache_visit(void *data, const struct cache_entry *entry);

/* Visits every file that lies where an entry would, in no order, and puts the numbers of the store
 * right. Returns 0, or the -errno that visit returned. */
int cache_walk(struct cache *cache, cache_visit *visit, void *data);

/* Reads all of a good entry and compares it with the checksum that the first check has left there.
 * -errno: the entry could not be read, or the checksum could not be written. */
enum { CACHE_BODY_SAME, CACHE_BODY_FIRST, CACHE_BODY_OTHER };
int cache_check_body(const struct cache_entry *entry);

/* "ab/c/abc…", relative to the store. */
void cache_name(const uint8_t key[DIGEST_BYTES], char out[CACHE_NAME_MAX]);

#endif

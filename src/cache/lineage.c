/* SPDX-License-Identifier: MIT */
/* A lineage is what all results of one request have in common while its source changes: the key
 * without the source's identity. A symbolic link, named by the lineage, leads to the latest result.
 * Its text is the key of that result, and since when the result is out of date. A link takes no
 * block on the disk, nothing has to be loaded at the start, and all daemons see the same.
 *
 * A link is a hint, so it needs no lock. When it is lost, or when another daemon has set it back, a
 * conversion too many runs, and the next hit puts the link right. A link is made under a name of
 * its own and renamed, so a reader sees the old link or the new one. It is removed before its
 * entry. */
#include "src/cache/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"

enum { LEFT_S = 60, LINK_NAME_MAX = CACHE_NAME_MAX + 8, LINK_TEXT_MAX = DIGEST_HEX_MAX + 24 };

/* The name on the disk stays, so that stores of older versions keep their links. */
static const char SUFFIX[] = ".series";

/* What a link says. */
struct hint {
	char hex[DIGEST_HEX_MAX];
	uint8_t key[DIGEST_BYTES];
	uint64_t since; /* out of date since then, in seconds of the epoch; 0: it is current */
};

static void link_name(const uint8_t lineage[DIGEST_BYTES], char out[LINK_NAME_MAX])
{
	char name[CACHE_NAME_MAX];
	cache_name(lineage, name);
	snprintf(out, LINK_NAME_MAX, "%s%s", name, SUFFIX);
}

/* The text is "key-since". Any other text is not from this program. */
static int read_link(int directory, const char *name, struct hint *hint)
{
	char text[LINK_TEXT_MAX];
	ssize_t length = readlinkat(directory, name, text, sizeof text - 1);
	if (length <= DIGEST_HEX_MAX)
		return -ENOENT;
	text[length] = '\0';
	char *end = text + DIGEST_HEX_MAX - 1;
	if (*end != '-' || strspn(end + 1, "0123456789") != strlen(end + 1))
		return -ENOENT;
	*end = '\0';
	if (!cache_is_name(text))
		return -ENOENT;
	memcpy(hint->hex, text, sizeof hint->hex);
	cache_key_of_name(text, hint->key);
	hint->since = strtoull(end + 1, NULL, 10);
	return 0;
}

static void write_link(struct cache *cache, const uint8_t lineage[DIGEST_BYTES],
	const uint8_t key[DIGEST_BYTES], uint64_t since)
{
	char name[LINK_NAME_MAX], fresh[LINK_NAME_MAX + 16];
	char text[LINK_TEXT_MAX], hex[DIGEST_HEX_MAX];
	uint32_t number = 0;
	digest_hex(key, hex);
	snprintf(text, sizeof text, "%s-%" PRIu64, hex, since);
	link_name(lineage, name);
	(void)!getrandom(&number, sizeof number, GRND_NONBLOCK);
	snprintf(fresh, sizeof fresh, "%s.%08" PRIx32, name, number);
	int r = symlinkat(text, cache->directory, fresh);
	if (r < 0 && errno == ENOENT) {
		FD_CLEANUP int made =
			cache_directory_open(cache, cache_directory_of(lineage), true);
		r = made < 0 ? -1 : symlinkat(text, cache->directory, fresh);
	}
	if (r == 0 && renameat(cache->directory, fresh, cache->directory, name) < 0)
		unlinkat(cache->directory, fresh, 0);
}

void cache_confirm(
	struct cache *cache, const uint8_t lineage[DIGEST_BYTES], const uint8_t key[DIGEST_BYTES])
{
	char name[LINK_NAME_MAX];
	struct hint hint;
	link_name(lineage, name);
	if (read_link(cache->directory, name, &hint) < 0 || hint.since != 0 ||
		memcmp(hint.key, key, DIGEST_BYTES) != 0)
		write_link(cache, lineage, key, 0);
}

/* Notes in the link since when its result is out of date, if it does not say so yet. A source that
 * is older than the link came to its path by a rename of a directory above it. The time of that is
 * unknown, so the current time is taken. */
static void tell_since(struct cache *cache, const uint8_t lineage[DIGEST_BYTES], const char *name,
	time_t changed, struct hint *hint)
{
	struct stat st;
	time_t now = time(NULL);
	if (hint->since != 0 || fstatat(cache->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	hint->since = (uint64_t)(changed > st.st_mtim.tv_sec && changed < now ? changed : now);
	write_link(cache, lineage, hint->key, hint->since);
}

int cache_find_older(struct cache *cache, const uint8_t lineage[DIGEST_BYTES],
	const uint8_t key[DIGEST_BYTES], time_t changed, uint64_t limit_s,
	struct cache_older *older)
{
	char name[LINK_NAME_MAX];
	struct hint hint;
	link_name(lineage, name);
	if (read_link(cache->directory, name, &hint) < 0 ||
		memcmp(hint.key, key, DIGEST_BYTES) == 0)
		return -ENOENT;
	tell_since(cache, lineage, name, changed, &hint);
	uint64_t now = (uint64_t)time(NULL);
	*older = (struct cache_older){.stale_s = now > hint.since ? now - hint.since : 0};
	if (older->stale_s > limit_s)
		return -ENOENT;
	FD_CLEANUP int file = cache_find(cache, hint.key, &older->length);
	struct stat st;
	if (file < 0 || fstat(file, &st) < 0) {
		unlinkat(cache->directory, name, 0);
		return -ENOENT;
	}
	memcpy(older->key, hint.key, DIGEST_BYTES);
	older->modified = st.st_mtim.tv_sec;
	return fd_take(&file);
}

void cache_lineage_forget(struct cache *cache, const struct cache_header *header)
{
	static const uint8_t none[DIGEST_BYTES];
	char name[LINK_NAME_MAX];
	struct hint hint;
	if (memcmp(header->lineage, none, DIGEST_BYTES) == 0)
		return;
	link_name(header->lineage, name);
	if (read_link(cache->directory, name, &hint) == 0 &&
		memcmp(hint.key, header->key, DIGEST_BYTES) == 0)
		unlinkat(cache->directory, name, 0);
}

bool cache_lineage_sweep(struct cache *cache, int directory, const char *name)
{
	char entry[CACHE_NAME_MAX];
	struct hint hint;
	struct stat st;
	if (strlen(name) < DIGEST_HEX_MAX - 1 ||
		strncmp(name + DIGEST_HEX_MAX - 1, SUFFIX, sizeof SUFFIX - 1) != 0)
		return false;
	/* A link that was being made when its daemon was killed has a longer name. */
	if (name[DIGEST_HEX_MAX - 1 + sizeof SUFFIX - 1] != '\0') {
		if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec + LEFT_S < time(NULL))
			unlinkat(directory, name, 0);
		return true;
	}
	if (read_link(directory, name, &hint) == 0) {
		cache_name(hint.key, entry);
		if (fstatat(cache->directory, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
			errno != ENOENT)
			return true;
	}
	unlinkat(directory, name, 0);
	return true;
}

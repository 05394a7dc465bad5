/* SPDX-License-Identifier: MIT */
/* The daemon never sees the bytes of a result: they go from the converter's pipe to the file within
 * the kernel. To hash them, the daemon would have to read all of them once more (SHA-256 does some
 * 650 MB a second). So `sluice cache verify` makes the checksum: its first look at an entry leaves
 * one, and each later look compares. Damage before the first look is not found. The length of the
 * content is in the entry from the start, and a crash does no other harm than a shorter file. */
#include "src/cache/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { BUFFER_BYTES = 256 * 1024 };

static const char ATTRIBUTE[] = "user.sluice.body";

/* The key is hashed with the content: an attribute that was copied from another entry never
 * matches. */
static int hash_body(const struct cache_entry *entry, uint8_t out[DIGEST_BYTES])
{
	uint8_t *buffer = malloc(BUFFER_BYTES);
	if (!buffer)
		return -ENOMEM;
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, entry->key, DIGEST_BYTES);
	uint64_t at = 0;
	int r = 0;
	while (r == 0 && at < entry->length) {
		uint64_t left = entry->length - at;
		ssize_t n = pread(entry->file, buffer,
			left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES, (off_t)at);
		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n == 0)
			r = -EIO;
		if (n > 0)
			digest_add(&digest, buffer, (size_t)n);
		at += n > 0 ? (uint64_t)n : 0;
	}
	free(buffer);
	digest_end(&digest, out);
	return r;
}

int cache_check_body(const struct cache_entry *entry)
{
	uint8_t kept[DIGEST_BYTES], found[DIGEST_BYTES];
	int r = hash_body(entry, found);
	if (r < 0)
		return r == -EIO ? CACHE_BODY_OTHER : r;
	ssize_t size = fgetxattr(entry->file, ATTRIBUTE, kept, sizeof kept);
	if (size == DIGEST_BYTES)
		return memcmp(kept, found, DIGEST_BYTES) ? CACHE_BODY_OTHER : CACHE_BODY_SAME;
	if (size >= 0 || errno == ERANGE)
		return CACHE_BODY_OTHER;
	if (errno != ENODATA)
		return -errno;
	/* Two commands that do this at the same time write the same. */
	r = fsetxattr(entry->file, ATTRIBUTE, found, sizeof found, 0);
	return r < 0 ? -errno : CACHE_BODY_FIRST;
}

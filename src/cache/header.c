/* SPDX-License-Identifier: MIT */
/* What an entry says about itself stands in extended attributes, not in the file, so that a web
 * server can send the file as it is. They are written before the file gets its name. The checksum
 * of the first one tells an entry from any other file that lies in the store.
 *
 * The source stands in an attribute of its own, because only purge reads it: daemons of the version
 * before, which do not know it, go on using the store, and their entries are good ones here. */
#include "src/cache/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

static const char ATTRIBUTE[] = "user.sluice";
static const char SOURCE_ATTRIBUTE[] = "user.sluice.source";
static const char MAGIC[8] = "sluice2";

/* A store is not moved between machines: the numbers are in the machine's byte order. */
struct stored {
	char magic[8];
	uint8_t sum[DIGEST_BYTES]; /* of all that follows */
	uint8_t key[DIGEST_BYTES];
	uint64_t length;
	uint8_t lineage[DIGEST_BYTES];
	uint16_t recipe_length, uri_length;
	char text[CACHE_RECIPE_MAX + CACHE_URI_MAX];
} __attribute__((packed));

static void sum(const struct stored *stored, size_t size, uint8_t out[DIGEST_BYTES])
{
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, stored->key, size - offsetof(struct stored, key));
	digest_end(&digest, out);
}

int cache_header_write(
	int file, const uint8_t key[DIGEST_BYTES], uint64_t length, const struct cache_note *note)
{
	struct stored stored = {.length = length};
	memcpy(stored.magic, MAGIC, sizeof MAGIC);
	memcpy(stored.key, key, DIGEST_BYTES);
	if (note->lineage)
		memcpy(stored.lineage, note->lineage, DIGEST_BYTES);
	stored.recipe_length = (uint16_t)strnlen(note->recipe, CACHE_RECIPE_MAX);
	stored.uri_length = (uint16_t)strnlen(note->uri, CACHE_URI_MAX);
	memcpy(stored.text, note->recipe, stored.recipe_length);
	memcpy(stored.text + stored.recipe_length, note->uri, stored.uri_length);
	size_t size = offsetof(struct stored, text) + stored.recipe_length + stored.uri_length;
	sum(&stored, size, stored.sum);
	if (fsetxattr(file, ATTRIBUTE, &stored, size, 0) < 0 ||
		fsetxattr(file, SOURCE_ATTRIBUTE, &note->source, sizeof note->source, 0) < 0)
		return -errno;
	return 0;
}

bool cache_source_read(int file, struct cache_source *source)
{
	return fgetxattr(file, SOURCE_ATTRIBUTE, source, sizeof *source) == (ssize_t)sizeof *source;
}

void cache_source_name(const char *name, uint8_t out[DIGEST_BYTES])
{
	struct digest digest;
	digest_init(&digest);
	digest_add_text(&digest, name);
	digest_end(&digest, out);
}

int cache_header_read(int file, struct cache_header *header)
{
	struct stored stored;
	uint8_t found[DIGEST_BYTES];
	ssize_t size = fgetxattr(file, ATTRIBUTE, &stored, sizeof stored);
	if (size < 0)
		return errno == ENODATA || errno == ERANGE ? -EBADMSG : -errno;
	if ((size_t)size < offsetof(struct stored, text) ||
		memcmp(stored.magic, MAGIC, sizeof MAGIC) != 0 ||
		stored.recipe_length > CACHE_RECIPE_MAX || stored.uri_length > CACHE_URI_MAX ||
		(size_t)size !=
			offsetof(struct stored, text) + stored.recipe_length + stored.uri_length)
		return -EBADMSG;
	sum(&stored, (size_t)size, found);
	if (memcmp(found, stored.sum, sizeof found) != 0)
		return -EBADMSG;
	memcpy(header->key, stored.key, DIGEST_BYTES);
	memcpy(header->lineage, stored.lineage, DIGEST_BYTES);
	header->length = stored.length;
	memcpy(header->recipe, stored.text, stored.recipe_length);
	header->recipe[stored.recipe_length] = '\0';
	memcpy(header->uri, stored.text + stored.recipe_length, stored.uri_length);
	header->uri[stored.uri_length] = '\0';
	return 0;
}

bool cache_is_untouched(const struct cache_header *header, const struct stat *st)
{
	return header->length == (uint64_t)st->st_size && st->st_mtim.tv_nsec == 0;
}

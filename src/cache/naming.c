/* SPDX-License-Identifier: MIT */
/* The name of a result is its key, so a lookup needs no index, and neither does a restart. Entries
 * lie in 4,096 directories by the first three digits of the key. */
#include "src/cache/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digits.h"

unsigned cache_directory_of(const uint8_t key[DIGEST_BYTES])
{
	return (unsigned)key[0] << 4 | key[1] >> 4;
}

void cache_name(const uint8_t key[DIGEST_BYTES], char out[CACHE_NAME_MAX])
{
	char hex[DIGEST_HEX_MAX];
	digest_hex(key, hex);
	snprintf(out, CACHE_NAME_MAX, "%.2s/%c/%s", hex, hex[2], hex);
}

void cache_directory_name(unsigned directory, char out[8])
{
	snprintf(out, 8, "%02x/%x", directory >> 4 & 0xff, directory & 15);
}

unsigned cache_directory_of_name(const char *name)
{
	const char digits[4] = {name[0], name[1], name[3], '\0'};
	return (unsigned)strtoul(digits, NULL, 16);
}

bool cache_is_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == 2 * DIGEST_BYTES && !name[2 * DIGEST_BYTES];
}

void cache_key_of_name(const char *name, uint8_t key[DIGEST_BYTES])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		key[i] = (uint8_t)(digits_hex_value(name[2 * i]) << 4 |
				   digits_hex_value(name[2 * i + 1]));
}

int cache_directory_open(const struct cache *cache, unsigned directory, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	char name[8];
	cache_directory_name(directory, name);
	int fd = openat(cache->directory, name, flags);
	if (fd >= 0 || errno != ENOENT || !make)
		return fd < 0 ? -errno : fd;
	name[2] = '\0';
	mkdirat(cache->directory, name, 0755);
	name[2] = '/';
	mkdirat(cache->directory, name, 0755);
	fd = openat(cache->directory, name, flags);
	return fd < 0 ? -errno : fd;
}

/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_CACHE_PURGE_H
#define SRC_COMMAND_CACHE_PURGE_H

/* Which results `cache purge` removes. One thread. */

#include <stdbool.h>

#include "src/cache/cache.h"
#include "src/config/config.h"

struct cache_purge;

/* pattern: of URLs, or NULL; source: a name beneath the root, or NULL. Both are borrowed. Returns
 * NULL when there is no memory. */
struct cache_purge *cache_purge_new(
	const struct config *config, const char *pattern, const char *source);
void cache_purge_free(struct cache_purge *purge);
bool cache_purge_wants(const struct cache_purge *purge, const struct cache_entry *entry);

#endif

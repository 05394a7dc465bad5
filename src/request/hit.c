/* SPDX-License-Identifier: MIT */
#include "src/request/internal.h"

#include <errno.h>

#include "src/cache/cache.h"

bool request_is_shared(const struct request *request)
{
	return request->service->sharing.table && request->decision.recipe->join;
}

bool request_send_hit(struct request *request)
{
	const struct recipe *recipe = request->decision.recipe;
	const struct identity *identity = &request->decision.identity;
	struct cache *cache = sharing_store(&request->service->sharing, recipe);
	uint64_t size;
	int file = cache ? cache_find(cache, identity->key, &size) : -ENOENT;
	if (file < 0)
		return false;
	if (recipe->stale_ms > 0)
		cache_confirm(cache, identity->lineage, identity->key);
	request->delivery.kept_file = file;
	request->delivery.kept_length = size;
	request->account.cache = ACCESS_CACHE_HIT;
	request_send_result(request, file, size, true);
	return true;
}

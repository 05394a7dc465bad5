/* SPDX-License-Identifier: MIT */
#include "src/daemon/memory_check.h"

#include <inttypes.h>

#include "base/log.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* No machine has so much, and the sums below do not overflow. */
static const uint64_t MOST = UINT64_C(1) << 44;

static uint64_t memory_of(const struct recipe *recipe)
{
	return smaller(recipe_memory(recipe), MOST);
}

/* What runs at once at most: live recipes have slots of their own, the others share the daemon's,
 * and take them in the worst order, the largest first. */
static uint64_t most_memory(const struct config *config)
{
	uint64_t sum = 0, below = UINT64_MAX;
	for (size_t i = 0; i < config->recipe_count; i++)
		if (config->recipes[i]->response == RECIPE_LIVE)
			sum += config->recipes[i]->slots * memory_of(config->recipes[i]);
	for (uint64_t left = config->slots; left > 0;) {
		uint64_t largest = 0, slots = 0;
		for (size_t i = 0; i < config->recipe_count; i++) {
			const struct recipe *recipe = config->recipes[i];
			uint64_t memory = memory_of(recipe);
			if (recipe->response == RECIPE_LIVE || memory >= below || memory < largest)
				continue;
			slots = (memory == largest ? slots : 0) + recipe->slots;
			largest = memory;
		}
		if (largest == 0)
			break;
		sum += largest * smaller(slots, left);
		left -= smaller(slots, left);
		below = largest;
	}
	return config->memory_total_bytes ? smaller(sum, config->memory_total_bytes) : sum;
}

void memory_check(const struct config *config, uint64_t limit_bytes)
{
	uint64_t most = most_memory(config);
	if (limit_bytes == 0 || most <= limit_bytes)
		return;
	log_warning("converters may use more memory at once than the cgroup has, and the kernel "
		    "would kill some of them: set memory_total, fewer slots, or a higher limit "
		    "memory_times_slots_mib=%" PRIu64 " cgroup_limit_mib=%" PRIu64,
		most >> 20, limit_bytes >> 20);
}

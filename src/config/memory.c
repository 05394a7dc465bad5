/* SPDX-License-Identifier: MIT */
/*
 * `memory_total` holds only when every recipe has a limit that fits into it. A live response lasts
 * as long as its client watches. Therefore live recipes must leave enough for any other recipe.
 */
#include "src/config/sections.h"

#include <stdlib.h>

static void check_recipe(const struct config *config, const struct recipe *recipe, unsigned line,
	struct config_report *report)
{
	uint64_t total = config->memory_total_bytes, memory = recipe_memory(recipe);
	uint64_t kept = recipe->response == RECIPE_LIVE ? config->kept_memory_bytes : 0;
	if (memory == 0)
		config_error(report, line,
			"recipe '%s': memory = 0, but memory_total needs a limit to count",
			recipe->name);
	else if (memory > total)
		config_error(report, line, "recipe '%s': its memory is more than memory_total",
			recipe->name);
	else if (kept > total - memory)
		config_error(report, line,
			"recipe '%s': with its memory, memory_total leaves too little for the "
			"largest recipe that is not live",
			recipe->name);
}

void config_memory(
	const struct config_node *node, struct config *config, struct config_report *report)
{
	if (!config->memory_total_bytes)
		return;
	for (size_t i = 0; i < config->recipe_count; i++) {
		const struct recipe *recipe = config->recipes[i];
		uint64_t memory = recipe_memory(recipe);
		if (recipe->response == RECIPE_WHOLE && memory > config->kept_memory_bytes)
			config->kept_memory_bytes = memory;
	}
	for (size_t i = 0; i < config->recipe_count; i++) {
		const struct recipe *recipe = config->recipes[i];
		unsigned line = config_node_line(config_node_section(node, "recipe", i));
		if (recipe->template)
			check_recipe(config, recipe, line, report);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Makes a configuration of a parsed file: the options of the file, its cache section, its recipes.
 */
#include "src/config/sections.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { RECIPES_MAX = 1000 };

/* Not more connections than this process may open files. */
static void bound_connections(const struct config_reader *reader, struct config *config)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY ||
		config->connections <= limit.rlim_max)
		return;
	const struct config_value *value = config_read_one(reader, "connections");
	if (value)
		config_read_warning(reader, value->line,
			"connections = %u: this process may open %llu files only",
			config->connections, (unsigned long long)limit.rlim_max);
	config->connections = limit.rlim_max > 0 ? (unsigned)limit.rlim_max : 1;
}

static void read_cache(
	const struct config_reader *file, const struct option *options, struct config *config)
{
	size_t count = config_node_sections(file->node, "cache");
	struct config_reader reader = *file;
	if (count == 0)
		return;
	reader.node = config_node_section(file->node, "cache", count - 1);
	reader.where = "cache: ";
	reader.complete = true;
	if (count > 1)
		config_read_error(&reader, config_node_line(reader.node), "there is one before it");
	config_read_section(&reader, options, OPTION_CACHE, config);
}

static void read_recipes(const struct config_reader *file, const struct option *options,
	bool last_complete, struct config *config)
{
	struct config_report *report = file->report;
	size_t count = config_node_sections(file->node, "recipe");
	if (count == 0 && file->complete)
		config_error(report, 0,
			"there is no recipe: write recipe NAME { path = \"/{source}\" run = {...} "
			"}");
	if (count > RECIPES_MAX) {
		config_error(report,
			config_node_line(config_node_section(file->node, "recipe", RECIPES_MAX)),
			"more than %d recipes", RECIPES_MAX);
		count = RECIPES_MAX;
	}
	config->recipes = calloc(count + 1, sizeof(*config->recipes));
	if (!config->recipes)
		report->out_of_memory = true;
	for (size_t i = 0; i < count && !report->out_of_memory; i++) {
		config_check_title(file, "recipe", i);
		bool complete = file->complete || last_complete || i + 1 < count;
		struct recipe *recipe = config_recipe(
			file, config_node_section(file->node, "recipe", i), options, complete);
		if (!recipe)
			continue;
		config->recipes[config->recipe_count++] = recipe;
		recipe->makers = makers_new(recipe);
		report->out_of_memory = report->out_of_memory || !recipe->makers;
	}
	if (report->out_of_memory)
		return;
	config_reached(file->node, config, report);
	config_memory(file->node, config, report);
}

void config_build(const struct config_tree *tree, const struct option *options, const char *file,
	struct config *config, struct config_report *report)
{
	const struct config_reader reader = {.report = report,
		.node = tree->root,
		.where = "",
		.config = config,
		.complete = tree->whole};
	config->file = config_strdup(report, file);
	config_read_section(&reader, options, OPTION_FILE, config);
	bound_connections(&reader, config);
	read_cache(&reader, options, config);
	if (!report->out_of_memory)
		read_recipes(&reader, options, !tree->in_section, config);
}

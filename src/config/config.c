/* SPDX-License-Identifier: MIT */
/*
 * The configuration as the daemon sees it: load, hold, let go.
 *
 * A struct config stands at the beginning of a struct config_counted. The count of references is
 * atomic; everything else is written by config_load alone, before a second thread can know of it.
 */
#include "src/config/config.h"

#include "src/config/assemble.h"
#include "src/config/sections.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct config_counted {
	struct config config;
	atomic_uint references;
};

static struct config *build(
	const char *file, const struct config_text *text, struct config_report *report)
{
	struct config_tree tree;
	struct config_counted *counted = NULL;
	config_tree_parse(&tree, config_options, text->data, text->size, report);
	if (tree.root && !report->out_of_memory) {
		counted = calloc(1, sizeof(*counted));
		report->out_of_memory = !counted;
	}
	if (counted) {
		atomic_init(&counted->references, 1);
		counted->config.changed = text->changed;
		config_build(&tree, config_options, file, &counted->config, report);
	}
	config_tree_free(&tree);
	return counted ? &counted->config : NULL;
}

static int load(const char *file, FILE *errors, bool blind, struct config **out)
{
	struct config_report report = {.blind = blind};
	struct config *config = NULL;
	struct config_text text;
	if (config_assemble(file, &report, &text))
		config = build(file, &text, &report);
	free(text.data);
	int result = 0;
	if (report.out_of_memory)
		result = -ENOMEM;
	else if (report.errors > 0 || !config)
		result = CONFIG_E_INVALID;
	config_report_write(&report, file, errors);
	config_report_clear(&report);
	if (result == 0)
		*out = config;
	else
		config_unref(config);
	return result;
}

int config_load(const char *file, FILE *errors, struct config **out)
{
	return load(file, errors, false, out);
}

int config_load_blind(const char *file, FILE *errors, struct config **out)
{
	return load(file, errors, true, out);
}

struct config *config_ref(struct config *config)
{
	struct config_counted *counted = (struct config_counted *)(void *)config;
	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return config;
}

unsigned config_references(struct config *config)
{
	struct config_counted *counted = (struct config_counted *)(void *)config;
	return atomic_load_explicit(&counted->references, memory_order_acquire);
}

void config_unref(struct config *config)
{
	if (!config)
		return;
	struct config_counted *counted = (struct config_counted *)(void *)config;
	if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < config->recipe_count; i++) {
		option_clear(config_options, OPTION_RECIPE, config->recipes[i]);
		recipe_free(config->recipes[i]);
	}
	option_clear(config_options, OPTION_FILE, config);
	option_clear(config_options, OPTION_CACHE, config);
	free(config->recipes);
	free(config->file);
	free(counted);
}

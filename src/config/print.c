/* SPDX-License-Identifier: MIT */
/*
 * The effective configuration with all defaults, for -T. Texts are printed in single quotes, where
 * libconfuse knows no environment and only two escapes. Therefore loading the output gives the same
 * configuration again.
 */
#include "src/config/config.h"
#include "src/config/option.h"

static void put_options(FILE *out, enum option_section section, const void *record)
{
	for (const struct option *option = config_options; option->name; option++)
		if (option->section == section && option->type < OPTION_BLOCK)
			option_put(out, option, record);
}

static void put_param(FILE *out, const struct param *param)
{
	fprintf(out, "    param %s {\n", param->name);
	put_options(out, OPTION_PARAM, param);
	fputs("    }\n", out);
}

static void put_recipe(FILE *out, const struct recipe *recipe)
{
	fprintf(out, "\nrecipe %s {\n", recipe->name);
	for (const struct option *option = config_options; option->name; option++) {
		if (option->section != OPTION_RECIPE)
			continue;
		if (option->type < OPTION_BLOCK)
			option_put(out, option, recipe);
		for (size_t i = 0; option->inner == OPTION_PARAM && i < recipe->param_count; i++)
			put_param(out, &recipe->params[i]);
	}
	fputs("}\n", out);
}

void config_print(const struct config *config, FILE *out)
{
	put_options(out, OPTION_FILE, config);
	if (config->cache_path) {
		fputs("\ncache {\n", out);
		put_options(out, OPTION_CACHE, config);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < config->recipe_count; i++)
		put_recipe(out, config->recipes[i]);
}

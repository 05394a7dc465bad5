/* SPDX-License-Identifier: MIT */
/* What a parameter accepts is said in the words of the answer 400, from the table of types. */
#include "src/command/recipes.h"

#include <inttypes.h>
#include <string.h>

#include "src/command/quoted.h"

enum { NAME_WIDTH = 12, DEFAULT_WIDTH = 14 };

static void print_sources(const struct recipe *recipe)
{
	const char *separator = "    sources      ";
	for (int i = 0; i < MEDIA_TYPES; i++) {
		const uint64_t type = UINT64_C(1) << i;
		if (!(recipe->sources & type))
			continue;
		printf("%s%s%s", separator, media_name((enum media_type)i),
			recipe_source_kind(recipe, type));
		separator = ", ";
	}
	puts(recipe->sources ? "" : "    sources      every type");
}

/* The line for the client, without the name of the parameter. */
static const char *describe(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	param_describe(param, message);
	const char *colon = strstr(message, ": ");
	return colon ? colon + 2 : message;
}

/* Whether the parameter has to be there, or else what is taken when it is not. */
static void put_default(const struct recipe *recipe, size_t index, char *out, size_t size)
{
	const struct param *param = &recipe->params[index];
	const char *path = pattern_text(recipe->path);
	char hole[PARAM_NAME_MAX + 8];
	snprintf(hole, sizeof hole, "{%s}", param->name);
	if (strstr(path, hole))
		snprintf(out, size, "in the path");
	else if (param->required)
		snprintf(out, size, "required");
	else if (param->default_text)
		snprintf(out, size, "or %s", param->default_text);
	else if (recipe->format_param == (int)index)
		snprintf(out, size, "or by Accept");
	else
		snprintf(out, size, "optional");
}

static void print_recipe(const struct config *config, const struct recipe *recipe)
{
	char message[PARAM_MESSAGE_MAX], standard[PARAM_CANONICAL_MAX + 8];
	printf("%s\n    path         %s%s\n", recipe->name, config->prefix,
		pattern_text(recipe->path));
	print_sources(recipe);
	for (size_t i = 0; recipe->where_texts[i]; i++)
		printf("    where        %s\n", recipe->where_texts[i]);
	for (size_t i = 0; i < recipe->param_count; i++) {
		put_default(recipe, i, standard, sizeof standard);
		printf("    %-*s %-*s %s\n", NAME_WIDTH, recipe->params[i].name, DEFAULT_WIDTH,
			standard, describe(&recipe->params[i], message));
	}
}

static void put_bound(const char *key, const struct param *param, bool upper)
{
	unsigned w = upper ? param->max_w : param->min_w, h = upper ? param->max_h : param->min_h;
	double number = upper ? param->max : param->min;
	if (w || h)
		printf(", \"%s\": \"%ux%u\"", key, w, h);
	else if (number == number)
		printf(", \"%s\": %.15g", key, number);
}

static void put_param(const struct recipe *recipe, size_t index)
{
	char message[PARAM_MESSAGE_MAX];
	const struct param *param = &recipe->params[index];
	fputs("{\"name\": ", stdout);
	quoted_put_json(param->name);
	printf(", \"type\": \"%s\", \"required\": %s", param_type_name(param->type),
		param->required ? "true" : "false");
	put_bound("min", param, false);
	put_bound("max", param, true);
	for (size_t i = 0; i < param->value_count; i++) {
		fputs(i ? ", " : ", \"values\": [", stdout);
		quoted_put_json(param->values[i].name);
	}
	fputs(param->value_count ? "]" : "", stdout);
	if (param->default_text) {
		fputs(", \"default\": ", stdout);
		quoted_put_json(param->default_text);
	}
	fputs(", \"accepts\": ", stdout);
	quoted_put_json(describe(param, message));
	putchar('}');
}

static void put_recipe(const struct config *config, const struct recipe *recipe)
{
	char path[8192];
	snprintf(path, sizeof path, "%s%s", config->prefix, pattern_text(recipe->path));
	fputs("{\"name\": ", stdout);
	quoted_put_json(recipe->name);
	fputs(", \"path\": ", stdout);
	quoted_put_json(path);
	fputs(", \"sources\": [", stdout);
	const char *separator = "";
	for (int i = 0; i < MEDIA_TYPES; i++) {
		const uint64_t type = UINT64_C(1) << i;
		if (!(recipe->sources & type))
			continue;
		printf("%s\"%s%s\"", separator, media_name((enum media_type)i),
			recipe_source_kind(recipe, type));
		separator = ", ";
	}
	fputs("], \"where\": [", stdout);
	for (size_t i = 0; recipe->where_texts[i]; i++) {
		fputs(i ? ", " : "", stdout);
		quoted_put_json(recipe->where_texts[i]);
	}
	fputs("],\n  \"params\": [", stdout);
	for (size_t i = 0; i < recipe->param_count; i++) {
		fputs(i ? ",\n    " : "\n    ", stdout);
		put_param(recipe, i);
	}
	fputs("]}", stdout);
}

int recipes_run(const struct command_line *line)
{
	struct config *config = command_line_load(line);
	if (!config)
		return COMMAND_FAILED;
	for (size_t i = 0; i < config->recipe_count; i++) {
		if (line->json) {
			fputs(i ? ",\n " : "[", stdout);
			put_recipe(config, config->recipes[i]);
		} else {
			fputs(i ? "\n" : "", stdout);
			print_recipe(config, config->recipes[i]);
		}
	}
	fputs(line->json ? "]\n" : "", stdout);
	config_unref(config);
	return COMMAND_GOOD;
}

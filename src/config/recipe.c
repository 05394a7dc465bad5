/* SPDX-License-Identifier: MIT */
/*
 * `recipe NAME { … }`: its options, and what only shows when they are seen together, such as a hole
 * of the path without a param.
 */
#include "src/config/sections.h"

#include <stdlib.h>
#include <string.h>

static const char *without_prefix(const char *message, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(message, prefix, n) == 0 ? message + n : message;
}

/* False when a type is unknown: `run` can then not be checked. */
static bool read_params(
	const struct config_reader *reader, const struct option *options, struct recipe *recipe)
{
	bool known = true;
	size_t count = config_node_sections(reader->node, "param");
	for (size_t i = 0; i < count && !reader->report->out_of_memory; i++) {
		const struct config_node *node = config_node_section(reader->node, "param", i);
		if (i == RECIPE_PARAMS_MAX) {
			config_read_error(reader, config_node_line(node), "more than %d params",
				RECIPE_PARAMS_MAX);
			return false;
		}
		struct param *param = &recipe->params[recipe->param_count++];
		config_check_title(reader, "param", i);
		known = config_param(reader, node, options, param) && known;
		if (param->type != PARAM_FORMAT)
			continue;
		if (recipe->format_param >= 0)
			config_read_error(
				reader, config_node_line(node), "a second param of type format");
		recipe->format_param = (int)i;
	}
	return known;
}

/* What other routers read as a hole, and what no URL has. */
static void warn_of_path(const struct config_reader *reader, const struct recipe *recipe,
	const struct config_value *value)
{
	static const char *const marks[][2] = {{"$", ""}, {":", ""}, {"<", ">"}};
	if (strstr(value->text, "/../") || strstr(value->text, "/./"))
		config_read_warning(reader, value->line,
			"path = %.80s: no URL fits: none has a segment . or ..", value->text);
	for (size_t i = 0; i < recipe->param_count; i++)
		for (size_t k = 0; k < sizeof(marks) / sizeof(*marks); k++) {
			char mark[PARAM_NAME_MAX + 8];
			snprintf(mark, sizeof(mark), "%s%s%s", marks[k][0], recipe->params[i].name,
				marks[k][1]);
			if (strstr(value->text, mark))
				config_read_warning(reader, value->line,
					"path: '%s' is plain text: write {%s}", mark,
					recipe->params[i].name);
		}
}

/* Compiles `path`. used[i] says that params[i] stands in it. */
static void read_path(const struct config_reader *reader, struct recipe *recipe, bool *used)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, "path");
	if (!value) {
		if (reader->complete)
			config_read_error(
				reader, config_node_line(reader->node), "path is missing");
		return;
	}
	if (strpbrk(value->text, "?#")) {
		config_read_error(reader, value->line,
			"path = %.80s: a path ends before ? and #; a param is taken from the query "
			"by itself",
			value->text);
		return;
	}
	recipe->path = pattern_new(value->text, message, sizeof(message));
	if (!recipe->path) {
		config_read_error(
			reader, value->line, "path: %s", without_prefix(message, "path: "));
		return;
	}
	warn_of_path(reader, recipe, value);
	const char *holes[PATTERN_HOLES_MAX];
	const char *names[RECIPE_PARAMS_MAX + 1] = {NULL};
	for (size_t i = 0; i < recipe->param_count; i++)
		names[i] = recipe->params[i].name;
	size_t count = pattern_holes(recipe->path, holes);
	for (size_t i = 0; i < count; i++) {
		int index =
			param_find(recipe->params, recipe->param_count, holes[i], strlen(holes[i]));
		const char *nearest = config_nearest(holes[i], names);
		if (index >= 0)
			used[index] = true;
		else if (reader->complete && nearest)
			config_read_error(reader, value->line,
				"path: there is no param '%.40s'; did you mean {%s}?", holes[i],
				nearest);
		else if (reader->complete)
			config_read_error(reader, value->line,
				"path: {%.40s} needs a param of this name", holes[i]);
	}
}

static bool is_live(const struct config_node *node)
{
	const struct config_value *value = config_node_value(node, "response", 0);
	return value && strcmp(value->text, "live") == 0;
}

struct recipe *config_recipe(const struct config_reader *file, const struct config_node *node,
	const struct option *options, bool complete)
{
	char where[128];
	const char *name = config_node_title(node);
	struct config_reader reader = *file;
	bool used[RECIPE_PARAMS_MAX] = {false};
	struct recipe *recipe = calloc(1, sizeof(*recipe));
	if (!recipe) {
		file->report->out_of_memory = true;
		return NULL;
	}
	reader.node = node;
	reader.where = where;
	reader.complete = complete;
	reader.live = is_live(node);
	recipe->format_param = -1;
	recipe->name = config_strdup(file->report, name);
	snprintf(where, sizeof(where), "recipe '%.64s': ", name);
	size_t length =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	if (length == 0 || length > 64 || name[length] != '\0')
		config_read_error(&reader, config_node_line(node),
			"a name has up to 64 letters, digits, '-', '_' and '.'");
	config_read_section(&reader, options, OPTION_RECIPE, recipe);
	bool known = read_params(&reader, options, recipe);
	config_where(&reader, recipe);
	config_ignore(&reader, recipe);
	if (!file->report->out_of_memory)
		read_path(&reader, recipe, used);
	reader.complete = complete && known;
	if (!file->report->out_of_memory)
		config_run(&reader, recipe, used);
	return recipe;
}

/* SPDX-License-Identifier: MIT */
/* What needs the params of the recipe, or the options of the file: which values a recipe is taken
 * for, and which names it ignores. */
#include "src/config/sections.h"

#include <string.h>

/* "animate=1": the value is checked as one from a URL would be. */
void config_where(const struct config_reader *reader, struct recipe *recipe)
{
	for (size_t i = 0; i < RECIPE_WHERE_MAX && recipe->where_texts[i]; i++) {
		const struct config_value *value = config_node_value(reader->node, "where", i);
		const char *text = recipe->where_texts[i];
		const size_t length = strcspn(text, "=");
		int index = param_find(recipe->params, recipe->param_count, text, length);
		char message[PARAM_MESSAGE_MAX];
		struct param_value parsed = {.present = false};
		if (index < 0 || text[length] == '\0') {
			config_read_error(reader, value->line,
				"where: '%.40s': write the name of a param, = and a value", text);
			continue;
		}
		if (!param_parse(&recipe->params[index], text + length + 1, &parsed, message)) {
			config_read_error(reader, value->line, "where: %s", message);
			continue;
		}
		recipe->where[recipe->where_count].param = (size_t)index;
		recipe->where[recipe->where_count].canonical =
			config_strdup(reader->report, parsed.canonical);
		if (recipe->where[recipe->where_count].canonical)
			recipe->where_count++;
	}
}

static bool has(char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

/* Behind the recipe's own names those of the file. */
void config_ignore(const struct config_reader *reader, struct recipe *recipe)
{
	size_t count = 0;
	while (recipe->ignore[count])
		count++;
	for (char *const *name = reader->config->ignore; *name && count < RECIPE_IGNORE_MAX;
		name++) {
		if (has(recipe->ignore, *name))
			continue;
		recipe->ignore[count] = config_strdup(reader->report, *name);
		if (!recipe->ignore[count++])
			break;
	}
}

bool config_decides(const struct config *config, const struct recipe *recipe, size_t param)
{
	const char *name = recipe->params[param].name;
	for (size_t i = 0; i < recipe->where_count; i++)
		if (recipe->where[i].param == param)
			return true;
	for (size_t i = 0; i < config->recipe_count && recipe->path; i++) {
		const struct recipe *other = config->recipes[i];
		for (size_t n = 0; other->path && n < other->where_count; n++)
			if (strcmp(pattern_text(other->path), pattern_text(recipe->path)) == 0 &&
				strcmp(other->params[other->where[n].param].name, name) == 0)
				return true;
	}
	return false;
}

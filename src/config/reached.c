/* SPDX-License-Identifier: MIT */
/*
 * The first recipe whose path and source type match handles the request. So a recipe whose URLs all
 * belong to earlier ones, with the same source, is never reached. Whether a path takes all URLs of
 * another is asked of one URL that only the other's shape decides: its holes are filled with words
 * that no configuration has.
 */
#include "src/config/sections.h"

#include <string.h>

#include "base/text.h"

static const char source_word[] = "zq-source-qz", hole_word[] = "zq-hole-qz";

static bool fill_holes(const char *path, char *out, size_t size)
{
	struct text url;
	text_init(&url, out, size);
	while (*path) {
		size_t literal = strcspn(path, "{");
		text_append(&url, path, literal);
		path += literal;
		if (!*path)
			break;
		text_puts(&url, strncmp(path, "{source}", 8) == 0 ? source_word : hole_word);
		path += strcspn(path, "}") + 1;
	}
	return !url.overflow;
}

static bool takes_all_of(const struct recipe *first, const char *url)
{
	struct pattern_match match;
	const char *path = pattern_text(first->path);
	if (strncmp(path, url, strcspn(path, "{")) != 0) /* most differ here */
		return false;
	return pattern_matches(first->path, url, &match) &&
	       strcmp(pattern_match_get(&match, "source"), source_word) == 0;
}

/* The recipe before `later` that leaves it nothing, or NULL. */
static const struct recipe *find_cover(const struct config *config, size_t later)
{
	const uint64_t every = ~UINT64_C(0);
	const struct recipe *recipe = config->recipes[later];
	char url[8192];
	uint64_t wanted = recipe->sources ? recipe->sources : every, covered = 0;
	if (!recipe->path || !fill_holes(pattern_text(recipe->path), url, sizeof(url)))
		return NULL;
	for (size_t i = 0; i < later; i++) {
		const struct recipe *first = config->recipes[i];
		bool conditional =
			first->where_count > 0 || first->animated || first->still || first->plain;
		if (conditional || !first->path || !takes_all_of(first, url))
			continue;
		covered |= first->sources ? first->sources : every;
		if ((wanted & ~covered) == 0)
			return first;
	}
	return NULL;
}

void config_reached(
	const struct config_node *node, const struct config *config, struct config_report *report)
{
	for (size_t i = 1; i < config->recipe_count; i++) {
		const struct recipe *later = config->recipes[i];
		const struct recipe *first = find_cover(config, i);
		if (!first)
			continue;
		const char *path = pattern_text(first->path);
		unsigned line = config_node_line(config_node_section(node, "recipe", i));
		if (strcmp(path, pattern_text(later->path)) == 0)
			config_warning(report, line,
				"recipe '%s' is never reached: recipe '%s' before it takes the "
				"same path and sources; remove one of them",
				later->name, first->name);
		else
			config_warning(report, line,
				"recipe '%s' is never reached: recipe '%s' before it takes all its "
				"URLs with %.80s; move it up",
				later->name, first->name, path);
	}
}

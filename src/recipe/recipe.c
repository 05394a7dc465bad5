/* SPDX-License-Identifier: MIT */
/*
 * The one gate between a URL and the arguments of a program: a request has a checked value for
 * every parameter of the recipe, or there is no conversion. A name that the recipe does not know is
 * refused and not ignored. A misspelt parameter then shows at once, and a client cannot fill a
 * cache in front with equal pictures under many URLs.
 */
#include "src/recipe/recipe.h"

#include "base/text.h"
#include "src/http/accept.h"

#include <stdlib.h>
#include <string.h>

static int find_param(const struct recipe *recipe, const char *name)
{
	return param_find(recipe->params, recipe->param_count, name, strlen(name));
}

/* The names that the query may have: all but those that the path has. */
static void list_accepted(
	const struct recipe *recipe, const struct pattern_match *match, struct text *text)
{
	size_t shown = 0;
	for (size_t i = 0; i < recipe->param_count; i++) {
		const char *name = recipe->params[i].name;
		if (pattern_match_get(match, name))
			continue;
		/* room for ", ..." */
		if (text->len + strlen(name) + sizeof(", , ...") > text->size) {
			text_puts(text, ", ...");
			return;
		}
		text_printf(text, "%s%s", shown++ ? ", " : "", name);
	}
	if (shown == 0)
		text_puts(text, "no parameters");
}

static void say_unknown(const struct recipe *recipe, const struct pattern_match *match,
	const char *name, char message[PARAM_MESSAGE_MAX])
{
	static const char harmless[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	struct text text;
	size_t length = strspn(name, harmless);
	text_init(&text, message, PARAM_MESSAGE_MAX);
	if (length > 0 && length <= PARAM_NAME_MAX && name[length] == '\0')
		text_printf(&text, "%s: unknown; accepted: ", name);
	else
		text_puts(&text, "unknown parameter; accepted: ");
	list_accepted(recipe, match, &text);
}

/* utm_source as utm_* says. A parameter of the recipe is never one of these. */
static bool is_ignored(const struct recipe *recipe, const char *name)
{
	for (char *const *pattern = recipe->ignore; *pattern; pattern++) {
		size_t length = strlen(*pattern);
		if ((*pattern)[length - 1] == '*' ? strncmp(name, *pattern, length - 1) == 0
						  : strcmp(name, *pattern) == 0)
			return true;
	}
	return false;
}

/* Puts what the URL gives for each parameter into texts. */
static bool collect(const struct recipe *recipe, const struct pattern_match *match,
	const struct query *query, const char **texts, char message[PARAM_MESSAGE_MAX])
{
	struct text text;
	for (size_t i = 0; i < match->count; i++) {
		const char *name = match->holes[i].name;
		int index = find_param(recipe, name);
		if (index >= 0)
			texts[index] = match->holes[i].value;
	}
	for (size_t i = 0; i < query->count; i++) {
		const char *name = query->pairs[i].name;
		int index = find_param(recipe, name);
		if (index < 0 && is_ignored(recipe, name))
			continue;
		if (index < 0) {
			say_unknown(recipe, match, name, message);
			return false;
		}
		if (texts[index]) {
			text_init(&text, message, PARAM_MESSAGE_MAX);
			text_printf(&text, "%s: given twice", recipe->params[index].name);
			return false;
		}
		texts[index] = query->pairs[i].value;
	}
	return true;
}

static void say_missing(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	char accepts[PARAM_MESSAGE_MAX];
	struct text text;
	param_describe(param, accepts);
	const char *colon = strstr(accepts, ": ");
	text_init(&text, message, PARAM_MESSAGE_MAX);
	text_printf(&text, "%s: missing", param->name);
	if (colon)
		text_printf(&text, "; %s", colon + 2);
}

static bool is_lossy(enum media_type format)
{
	return format == MEDIA_JPEG || format == MEDIA_WEBP || format == MEDIA_AVIF ||
	       format == MEDIA_JXL || format == MEDIA_HEIC;
}

bool recipe_cares_for_alpha(const struct recipe *recipe)
{
	bool lossy = false, others = false;
	const struct param *format =
		recipe->format_param < 0 ? NULL : &recipe->params[recipe->format_param];
	for (size_t i = 0; format && i < format->value_count; i++) {
		int type = media_from_name(format->values[i].name);
		lossy = lossy || (type >= 0 && is_lossy((enum media_type)type));
		others = others || (type >= 0 && !is_lossy((enum media_type)type));
	}
	return lossy && others;
}

/* The format that suits the client best; the first when it wants none of them: it said so, but
 * asked. */
static const char *negotiate(const struct param *param, const char *accept, bool opaque)
{
	enum media_type formats[PARAM_VALUES_MAX];
	const char *names[PARAM_VALUES_MAX];
	size_t count = 0;
	for (int lossy = opaque; count == 0 && lossy >= 0; lossy--) {
		for (size_t i = 0; i < param->value_count; i++) {
			int type = media_from_name(param->values[i].name);
			enum media_type format = type < 0 ? MEDIA_UNKNOWN : (enum media_type)type;
			if (lossy && !(is_lossy(format) && http_accepts(accept, format)))
				continue;
			names[count] = param->values[i].name;
			formats[count++] = format;
		}
	}
	int best = http_negotiate(accept, formats, count);
	return names[best < 0 ? 0 : best];
}

/* An error of another parameter is no reason to forget it: Vary stands on every answer. */
static bool is_negotiated(const struct recipe *recipe, const char *const *texts)
{
	int format = recipe->format_param;
	return format >= 0 && !texts[format] && !recipe->params[format].default_text &&
	       !recipe->params[format].required && recipe->params[format].value_count > 0;
}

bool recipe_suits(const struct recipe *recipe, const struct pattern_match *match,
	const struct query *query, const char *accept, bool opaque, bool *negotiated)
{
	const char *texts[RECIPE_PARAMS_MAX] = {NULL};
	char message[PARAM_MESSAGE_MAX];
	uint64_t asked = 0, met = 0;
	for (size_t i = 0; i < match->count + query->count; i++) {
		bool hole = i < match->count;
		const char *name =
			hole ? match->holes[i].name : query->pairs[i - match->count].name;
		int index = find_param(recipe, name);
		if (index >= 0 && !texts[index])
			texts[index] =
				hole ? match->holes[i].value : query->pairs[i - match->count].value;
	}
	for (size_t i = 0; i < recipe->where_count; i++) {
		size_t index = recipe->where[i].param;
		const struct param *param = &recipe->params[index];
		struct param_value value = {.x = -1, .y = -1, .w = -1, .h = -1};
		const char *text = texts[index] ? texts[index] : param->default_text;
		if (!text && (int)index == recipe->format_param && is_negotiated(recipe, texts)) {
			text = negotiate(param, accept, opaque);
			*negotiated = true;
		}
		asked |= UINT64_C(1) << index;
		if (text && param_parse(param, text, &value, message) &&
			strcmp(value.canonical, recipe->where[i].canonical) == 0)
			met |= UINT64_C(1) << index;
	}
	return asked == met;
}

bool recipe_evaluate(const struct recipe *recipe, const struct pattern_match *match,
	const struct query *query, const char *accept, bool opaque, struct param_value *values,
	bool *negotiated, char message[PARAM_MESSAGE_MAX])
{
	const char *texts[RECIPE_PARAMS_MAX] = {NULL};
	*negotiated = false;
	message[0] = '\0';
	if (!collect(recipe, match, query, texts, message))
		return false;
	*negotiated = is_negotiated(recipe, texts);
	for (size_t i = 0; i < recipe->param_count; i++) {
		const struct param *param = &recipe->params[i];
		const char *text = texts[i] ? texts[i] : param->default_text;
		if (!text && param->required) {
			say_missing(param, message);
			return false;
		}
		if (!text && *negotiated && (int)i == recipe->format_param)
			text = negotiate(param, accept, opaque);
		values[i] = (struct param_value){.x = -1, .y = -1, .w = -1, .h = -1};
		if (text && !param_parse(param, text, &values[i], message))
			return false;
	}
	return true;
}

bool recipe_is_installed(const struct recipe *recipe)
{
	for (size_t i = 0; i < template_program_count(recipe->template); i++)
		if (!recipe->program_paths[i])
			return false;
	return true;
}

uint64_t recipe_memory(const struct recipe *recipe)
{
	size_t programs = recipe->template ? template_program_count(recipe->template) : 1;
	return recipe->memory_bytes > UINT64_MAX / TEMPLATE_PROGRAMS_MAX
		       ? UINT64_MAX
		       : recipe->memory_bytes * programs;
}

const char *recipe_media_type(const struct recipe *recipe, const struct param_value *values)
{
	if (recipe->type)
		return recipe->type;
	int type = MEDIA_UNKNOWN;
	if (recipe->format_param >= 0 && values[recipe->format_param].present)
		type = media_from_name(values[recipe->format_param].canonical);
	return media_content_type(type < 0 ? MEDIA_UNKNOWN : (enum media_type)type);
}

bool recipe_knows_type(const struct recipe *recipe, const struct param_value *values)
{
	return recipe->type || (recipe->format_param >= 0 && values[recipe->format_param].present);
}

const char *recipe_source_kind(const struct recipe *recipe, uint64_t type)
{
	const bool plain = recipe->plain & type;
	return recipe->animated & type ? plain ? " animated plain" : " animated"
	       : recipe->still & type  ? plain ? " still plain" : " still"
	       : plain		       ? " plain"
				       : "";
}

void recipe_free(struct recipe *recipe)
{
	if (!recipe)
		return;
	for (size_t i = 0; i < recipe->param_count; i++)
		param_clear(&recipe->params[i]);
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX; i++)
		free(recipe->program_paths[i]);
	for (size_t i = 0; i < recipe->run_count; i++)
		free(recipe->run[i]);
	free(recipe->run);
	for (size_t i = 0; i < recipe->where_count; i++)
		free(recipe->where[i].canonical);
	pattern_free(recipe->path);
	template_free(recipe->template);
	makers_free(recipe->makers);
	free(recipe->name);
	free(recipe);
}

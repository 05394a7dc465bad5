/* SPDX-License-Identifier: MIT */
#include "src/plan/address.h"

#include <stdio.h>
#include <string.h>

static const char UNRESERVED[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
static const char IN_PATH[] = "!$&'()*+,;=:@/";
static const char IN_VALUE[] = "!$'()*,;:@/?";

static void put_escaped(struct text *out, const char *string, size_t length, const char *more)
{
	for (size_t i = 0; i < length && !out->overflow; i++) {
		if (strchr(UNRESERVED, string[i]) || strchr(more, string[i]))
			text_append(out, &string[i], 1);
		else
			text_printf(out, "%%%02X", (unsigned char)string[i]);
	}
}

/* As a URL has it. What a choice stands for in the arguments may stand for several of its names:
 * the first one counts. False: the value is absent. */
static bool spell(
	const struct param *param, const struct param_value *value, char *out, size_t size)
{
	const bool refused = param->type == PARAM_FLAG && param->default_text;
	if (!value->present && refused)
		snprintf(out, size, "0");
	if (!value->present)
		return refused;
	if (param_spell(param, value, out, size))
		return true;
	struct text text;
	text_init(&text, out, size);
	for (size_t i = 0; i < param->value_count; i++) {
		if (strcmp(param->values[i].mapped, value->canonical) != 0)
			continue;
		text_puts(&text, param->values[i].name);
		return true;
	}
	return false;
}

static bool is_default(const struct param *param, const struct param_value *value)
{
	struct param_value standard = {.x = -1, .y = -1, .w = -1, .h = -1};
	char message[PARAM_MESSAGE_MAX];
	return param->default_text && param_parse(param, param->default_text, &standard, message) &&
	       standard.present && !strcmp(standard.canonical, value->canonical);
}

/* Fills the holes of the recipe's path. */
static void put_path(const struct plan *plan, struct text *out)
{
	const struct recipe *recipe = plan->recipe;
	const char *at = pattern_text(recipe->path);
	put_escaped(out, plan->config->prefix, strlen(plan->config->prefix), IN_PATH);
	while (*at) {
		size_t length = strcspn(at, "{");
		put_escaped(out, at, length, IN_PATH);
		at += length;
		if (!*at)
			return;
		char spelled[PARAM_CANONICAL_MAX];
		const char *name = at + 1, *value;
		length = strcspn(name, "}");
		at = name + length + 1;
		int index = param_find(recipe->params, recipe->param_count, name, length);
		if (length == strlen("source") && !strncmp(name, "source", length))
			value = plan->source_name;
		else if (index >= 0 && spell(&recipe->params[index], &plan->values[index], spelled,
					       sizeof spelled))
			value = spelled;
		else
			value = "";
		put_escaped(out, value, strlen(value), IN_PATH);
	}
}

void address_put(const struct plan *plan, struct text *out)
{
	const struct recipe *recipe = plan->recipe;
	const char *separator = "?";
	put_path(plan, out);
	for (size_t i = 0; i < recipe->param_count && !out->overflow; i++) {
		const struct param *param = &recipe->params[i];
		const struct param_value *value = &plan->values[i];
		char spelled[PARAM_CANONICAL_MAX];
		if (pattern_match_get(&plan->match, param->name) || is_default(param, value) ||
			!spell(param, value, spelled, sizeof spelled))
			continue;
		text_puts(out, separator);
		text_puts(out, param->name);
		text_puts(out, "=");
		put_escaped(out, spelled, strlen(spelled), IN_VALUE);
		separator = "&";
	}
}

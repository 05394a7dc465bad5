/* SPDX-License-Identifier: MIT */
/*
 * Types of which every value has a name: choices, formats and flags.
 */
#include "src/http/media_type.h"
#include "src/recipe/param_kinds.h"

#include <stdio.h>
#include <string.h>

bool param_parse_choice(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	(void)kind;
	for (size_t i = 0; i < param->value_count; i++) {
		const struct param_choice *choice = &param->values[i];
		if (strcmp(text, choice->name))
			continue;
		int n = snprintf(value->canonical, sizeof value->canonical, "%s",
			choice->mapped ? choice->mapped : choice->name);
		return n >= 0 && (size_t)n < sizeof value->canonical;
	}
	return false;
}

bool param_parse_format(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	(void)kind;
	int type = media_from_name(text);
	for (size_t i = 0; type >= 0 && i < param->value_count; i++) {
		if (media_from_name(param->values[i].name) != type)
			continue;
		snprintf(value->canonical, sizeof value->canonical, "%s",
			media_name((enum media_type)type));
		return true;
	}
	return false;
}

bool param_parse_flag(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	(void)kind;
	(void)param;
	static const char *const yes[] = {"", "1", "true", "yes", "on"};
	static const char *const no[] = {"0", "false", "no", "off"};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		if (!strcmp(text, no[i])) {
			value->present = false;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (!strcmp(text, yes[i])) {
			strcpy(value->canonical, "1");
			value->number = 1;
			return true;
		}
	}
	return false;
}

/* A format is described by its usual name: jpeg where the declaration has jpg. */
static const char *usual_name(const struct param *param, size_t index)
{
	const char *name = param->values[index].name;
	int type = param->type == PARAM_FORMAT ? media_from_name(name) : -1;
	return type >= 0 ? media_name((enum media_type)type) : name;
}

/* As many names as fit the line. */
void param_describe_choice(
	const struct param_kind *kind, const struct param *param, struct text *out)
{
	(void)kind;
	text_puts(out, param->value_count > 1 ? "one of " : "");
	for (size_t i = 0; i < param->value_count; i++) {
		const char *name = usual_name(param, i);
		const char *comma = i > 0 ? ", " : "";
		if (out->len + strlen(comma) + strlen(name) + strlen(", ...") >= out->size) {
			text_puts(out, ", ...");
			return;
		}
		text_printf(out, "%s%s", comma, name);
	}
}

void param_describe_flag(const struct param_kind *kind, const struct param *param, struct text *out)
{
	(void)kind;
	(void)param;
	text_puts(out, "1, true, yes, on or 0, false, no, off");
}

void param_sample_choice(const struct param *param, struct text *out)
{
	text_puts(out, param->value_count > 0 ? param->values[0].name : "");
}

void param_sample_flag(const struct param *param, struct text *out)
{
	(void)param;
	text_puts(out, "1");
}

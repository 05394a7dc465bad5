/* SPDX-License-Identifier: MIT */
/*
 * What a client may say. Every value is rebuilt from what was understood and never passed on as it
 * came (except text, see param_text.c). One meaning therefore has one spelling: in argv, in the log
 * and in the key of a result.
 */
#include "src/recipe/param.h"

#include "base/text.h"
#include "src/recipe/param_kind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct param_value absent = {.x = -1, .y = -1, .w = -1, .h = -1};

bool param_parse(const struct param *param, const char *text, struct param_value *value,
	char message[PARAM_MESSAGE_MAX])
{
	const struct param_kind *kind = &param_kinds[param->type];
	*value = absent;
	value->present = true;
	if (kind->parse(kind, param, text, value))
		return true;
	*value = absent;
	param_describe(param, message);
	return false;
}

void param_describe(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	const struct param_kind *kind = &param_kinds[param->type];
	struct text out;
	text_init(&out, message, PARAM_MESSAGE_MAX);
	text_printf(&out, "%s: ", param->name);
	kind->describe(kind, param, &out);
}

bool param_sample(const struct param *param, char *out, size_t size)
{
	struct text text;
	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	text_init(&text, out, size);
	if (param->default_text)
		text_puts(&text, param->default_text);
	else
		param_kinds[param->type].sample(param, &text);
	return !text.overflow && param_parse(param, out, &value, message);
}

bool param_spell(const struct param *param, const struct param_value *value, char *out, size_t size)
{
	const struct param_kind *kind = &param_kinds[param->type];
	struct text text;
	text_init(&text, out, size);
	if (param->type == PARAM_CHOICE)
		return false;
	if (kind->spell)
		kind->spell(value, &text);
	else
		text_puts(&text, value->canonical);
	return !text.overflow;
}

int param_find(const struct param *params, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(params[i].name) == length && memcmp(params[i].name, name, length) == 0)
			return (int)i;
	return -1;
}

void param_clear(struct param *param)
{
	free(param->name);
	free(param->default_text);
	free(param->allow);
	for (size_t i = 0; i < param->value_count && i < PARAM_VALUES_MAX; i++) {
		free(param->values[i].name);
		free(param->values[i].mapped);
	}
	*param = (struct param){.min = NAN, .max = NAN};
}

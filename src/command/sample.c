/* SPDX-License-Identifier: MIT */
#include "src/command/sample.h"

#include <stdio.h>
#include <string.h>

static void put_encoded(struct text *url, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/,:";
	for (; *text; text++) {
		if (strchr(plain, *text))
			text_append(url, text, 1);
		else
			text_printf(url, "%%%02X", (unsigned char)*text);
	}
}

static bool choose_for(const struct recipe *recipe, const struct param *param, size_t format,
	char *out, size_t size)
{
	if (recipe->format_param < 0 || param != &recipe->params[recipe->format_param])
		return param_sample(param, out, size);
	snprintf(out, size, "%s", format < param->value_count ? param->values[format].name : "");
	return true;
}

/* Writes the path with its holes filled. *in_path gets the bit of each parameter in the path. */
static bool put_path(const struct recipe *recipe, const char *source, size_t format,
	struct text *url, uint32_t *in_path)
{
	char value[PARAM_CANONICAL_MAX];
	for (const char *at = pattern_text(recipe->path); *at; at++) {
		const char *end = *at == '{' ? strchr(at, '}') : NULL;
		if (!end) {
			put_encoded(url, (char[]){*at, '\0'});
			continue;
		}
		size_t length = (size_t)(end - at - 1);
		if (length == 6 && !memcmp(at + 1, "source", 6)) {
			put_encoded(url, source);
		} else {
			int index = param_find(recipe->params, recipe->param_count, at + 1, length);
			if (index < 0 || !choose_for(recipe, &recipe->params[index], format, value,
						 sizeof value))
				return false;
			put_encoded(url, value);
			*in_path |= 1U << index;
		}
		at = end;
	}
	return true;
}

bool sample_url(const struct recipe *recipe, const char *prefix, const char *source, size_t format,
	struct text *url)
{
	char value[PARAM_CANONICAL_MAX];
	uint32_t in_path = 0;
	char separator = '?';
	text_puts(url, prefix ? prefix : "");
	if (!put_path(recipe, source, format, url, &in_path))
		return false;
	for (size_t i = 0; i < recipe->param_count; i++) {
		const struct param *param = &recipe->params[i];
		bool is_format = recipe->format_param == (int)i;
		if (in_path & 1U << i || (!param->required && !is_format))
			continue;
		if (!choose_for(recipe, param, format, value, sizeof value))
			return false;
		text_printf(url, "%c%s=", separator, param->name);
		put_encoded(url, value);
		separator = '&';
	}
	return !url->overflow;
}

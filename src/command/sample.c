/* SPDX-License-Identifier: MIT */
#include "src/command/sample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 64, REGION_SIDE = 8 };

static unsigned clamp(unsigned value, unsigned min, unsigned max)
{
	if (min && value < min)
		value = min;
	return max && value > max ? max : value;
}

/* A value that the parameter accepts. */
static bool choose(const struct param *param, char *out, size_t size)
{
	struct param_value value;
	char message[PARAM_MESSAGE_MAX];
	const char *text = out;
	switch (param->type) {
	case PARAM_SIZE:
		snprintf(out, size, "%ux%u", clamp(SIDE, param->min_w, param->max_w),
			clamp(SIDE, param->min_h, param->max_h));
		break;
	case PARAM_REGION:
		snprintf(out, size, "0,0,%ux%u", clamp(REGION_SIDE, param->min_w, param->max_w),
			clamp(REGION_SIDE, param->min_h, param->max_h));
		break;
	case PARAM_INTEGER:
	case PARAM_NUMBER:
	case PARAM_TIME:
	case PARAM_POSITION:
		snprintf(out, size, "%.0f", isnan(param->min) ? 0 : ceil(param->min));
		break;
	case PARAM_CHOICE:
	case PARAM_FORMAT:
		text = param->value_count > 0 ? param->values[0].name : "";
		break;
	case PARAM_COLOR:
		text = "fff";
		break;
	case PARAM_FLAG:
		text = "1";
		break;
	case PARAM_TEXT:
		text = "a";
		break;
	}
	if (param->default_text)
		text = param->default_text;
	if (text != out)
		snprintf(out, size, "%s", text);
	return param_parse(param, out, &value, message);
}

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

static const struct param *find_param(const struct recipe *recipe, const char *name, size_t length)
{
	for (size_t i = 0; i < recipe->param_count; i++)
		if (strlen(recipe->params[i].name) == length &&
			!memcmp(recipe->params[i].name, name, length))
			return &recipe->params[i];
	return NULL;
}

static bool choose_for(const struct recipe *recipe, const struct param *param, size_t format,
	char *out, size_t size)
{
	if (recipe->format_param < 0 || param != &recipe->params[recipe->format_param])
		return choose(param, out, size);
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
			const struct param *param = find_param(recipe, at + 1, length);
			if (!param || !choose_for(recipe, param, format, value, sizeof value))
				return false;
			put_encoded(url, value);
			*in_path |= 1U << (param - recipe->params);
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

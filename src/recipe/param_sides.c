/* SPDX-License-Identifier: MIT */
/*
 * Sizes and regions: whole sides, each between bounds of its own.
 */
#include "src/recipe/decimal.h"
#include "src/recipe/param_kinds.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLE_SIDE = 64, SAMPLE_REGION_SIDE = 8 };

struct param_sides param_sides(const struct param *param)
{
	return (struct param_sides){
		.min_w = param->min_w ? param->min_w : 1,
		.min_h = param->min_h ? param->min_h : 1,
		.max_w = param->max_w ? param->max_w : PARAM_PART_MAX,
		.max_h = param->max_h ? param->max_h : PARAM_PART_MAX,
	};
}

static bool parse_part(const char *text, size_t len, unsigned min, unsigned max, long *part)
{
	unsigned long value;
	if (!decimal_parse_unsigned(text, len, max, &value) || value < min)
		return false;
	*part = (long)value;
	return true;
}

/* WxH, Wx, xH or W. An absent part stays -1. */
static bool parse_sides(const struct param *param, const char *text, struct param_value *value)
{
	struct param_sides sides = param_sides(param);
	size_t len = strlen(text);
	const char *x = strchr(text, 'x');
	size_t w_len = x ? (size_t)(x - text) : len;
	size_t h_len = x ? len - w_len - 1 : 0;
	if (w_len == 0 && h_len == 0)
		return false;
	if (w_len > 0 && !parse_part(text, w_len, sides.min_w, sides.max_w, &value->w))
		return false;
	return h_len == 0 || parse_part(x + 1, h_len, sides.min_h, sides.max_h, &value->h);
}

bool param_parse_size(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	(void)kind;
	if (!parse_sides(param, text, value))
		return false;
	char w[24] = "", h[24] = "";
	if (value->w >= 0)
		snprintf(w, sizeof w, "%ld", value->w);
	if (value->h >= 0)
		snprintf(h, sizeof h, "%ld", value->h);
	snprintf(value->canonical, sizeof value->canonical, "%sx%s", w, h);
	return true;
}

bool param_parse_region(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	(void)kind;
	const char *first = strchr(text, ',');
	const char *second = first ? strchr(first + 1, ',') : NULL;
	if (!second)
		return false;
	if (!parse_part(text, (size_t)(first - text), 0, PARAM_PART_MAX, &value->x) ||
		!parse_part(
			first + 1, (size_t)(second - first) - 1, 0, PARAM_PART_MAX, &value->y) ||
		!parse_sides(param, second + 1, value) || value->w < 0 || value->h < 0)
		return false;
	snprintf(value->canonical, sizeof value->canonical, "%ldx%ld+%ld+%ld", value->w, value->h,
		value->x, value->y);
	return true;
}

static void put_sides(struct text *out, const struct param *param)
{
	struct param_sides sides = param_sides(param);
	if (sides.min_w > 1 || sides.min_h > 1)
		text_printf(out, ", at least %ux%u", sides.min_w, sides.min_h);
	text_printf(out, ", at most %ux%u", sides.max_w, sides.max_h);
}

void param_describe_size(const struct param_kind *kind, const struct param *param, struct text *out)
{
	(void)kind;
	text_puts(out, "300x200, 300x or x200");
	put_sides(out, param);
}

void param_describe_region(
	const struct param_kind *kind, const struct param *param, struct text *out)
{
	(void)kind;
	text_puts(out, "X,Y,WxH as in 10,20,300x200");
	put_sides(out, param);
}

static unsigned clamp(unsigned value, unsigned min, unsigned max)
{
	if (value < min)
		value = min;
	return value > max ? max : value;
}

static void put_sample(const struct param *param, unsigned side, struct text *out)
{
	struct param_sides sides = param_sides(param);
	text_printf(out, "%ux%u", clamp(side, sides.min_w, sides.max_w),
		clamp(side, sides.min_h, sides.max_h));
}

void param_sample_size(const struct param *param, struct text *out)
{
	put_sample(param, SAMPLE_SIDE, out);
}

void param_sample_region(const struct param *param, struct text *out)
{
	text_puts(out, "0,0,");
	put_sample(param, SAMPLE_REGION_SIDE, out);
}

void param_spell_region(const struct param_value *value, struct text *out)
{
	text_printf(out, "%ld,%ld,%ldx%ld", value->x, value->y, value->w, value->h);
}

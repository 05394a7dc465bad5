/* SPDX-License-Identifier: MIT */
/*
 * What a client may say. Every value is rebuilt from what was understood and never passed on as it
 * came (text excepted, see param_text.c), so that one meaning has one spelling: in argv, in the log
 * and as a cache key.
 */
#include "src/recipe/decimal.h"
#include "src/recipe/param.h"
#include "src/recipe/param_types.h"
#include "src/http/media_type.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
	[PARAM_SIZE] = "size",
	[PARAM_INTEGER] = "integer",
	[PARAM_NUMBER] = "number",
	[PARAM_TIME] = "time",
	[PARAM_POSITION] = "position",
	[PARAM_CHOICE] = "choice",
	[PARAM_COLOR] = "color",
	[PARAM_REGION] = "region",
	[PARAM_FLAG] = "flag",
	[PARAM_FORMAT] = "format",
	[PARAM_TEXT] = "text",
};

int param_type_from_name(const char *name)
{
	for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
		if (!strcmp(name, type_names[i]))
			return (int)i;
	return -1;
}

const char *param_type_name(enum param_type type)
{
	return type_names[type];
}

double param_min(const struct param *param)
{
	if (!isnan(param->min))
		return param->min;
	return param->type == PARAM_TEXT ? 1 : 0;
}

double param_max(const struct param *param)
{
	if (!isnan(param->max))
		return param->max;
	switch (param->type) {
	case PARAM_TEXT:
		return PARAM_TEXT_MAX;
	case PARAM_INTEGER:
		return 2147483647;
	default:
		return (double)DECIMAL_LIMIT;
	}
}

struct param_sides param_sides(const struct param *param)
{
	return (struct param_sides){
		.min_w = param->min_w ? param->min_w : 1,
		.min_h = param->min_h ? param->min_h : 1,
		.max_w = param->max_w ? param->max_w : PARAM_PART_MAX,
		.max_h = param->max_h ? param->max_h : PARAM_PART_MAX,
	};
}

static bool read_part(const char *text, size_t len, unsigned min, unsigned max, long *part)
{
	unsigned long value;
	if (!decimal_parse_unsigned(text, len, max, &value) || value < min)
		return false;
	*part = (long)value;
	return true;
}

/* WxH, Wx, xH or W. An absent part stays -1. */
static bool read_sides(const struct param *param, const char *text, struct param_value *value)
{
	struct param_sides sides = param_sides(param);
	size_t len = strlen(text);
	const char *x = strchr(text, 'x');
	size_t w_len = x ? (size_t)(x - text) : len;
	size_t h_len = x ? len - w_len - 1 : 0;
	if (w_len == 0 && h_len == 0)
		return false;
	if (w_len > 0 && !read_part(text, w_len, sides.min_w, sides.max_w, &value->w))
		return false;
	return h_len == 0 || read_part(x + 1, h_len, sides.min_h, sides.max_h, &value->h);
}

static bool read_size(const struct param *param, const char *text, struct param_value *value)
{
	if (!read_sides(param, text, value))
		return false;
	char w[24] = "", h[24] = "";
	if (value->w >= 0)
		snprintf(w, sizeof w, "%ld", value->w);
	if (value->h >= 0)
		snprintf(h, sizeof h, "%ld", value->h);
	snprintf(value->canonical, sizeof value->canonical, "%sx%s", w, h);
	return true;
}

static bool read_region(const struct param *param, const char *text, struct param_value *value)
{
	const char *first = strchr(text, ',');
	const char *second = first ? strchr(first + 1, ',') : NULL;
	if (!second)
		return false;
	if (!read_part(text, (size_t)(first - text), 0, PARAM_PART_MAX, &value->x) ||
		!read_part(first + 1, (size_t)(second - first) - 1, 0, PARAM_PART_MAX, &value->y) ||
		!read_sides(param, second + 1, value) || value->w < 0 || value->h < 0)
		return false;
	snprintf(value->canonical, sizeof value->canonical, "%ldx%ld+%ld+%ld", value->w, value->h,
		value->x, value->y);
	return true;
}

/* Between the bounds, in canonical form. */
static bool take_number(const struct param *param, int64_t millionths, struct param_value *value)
{
	value->number = (double)millionths / DECIMAL_ONE;
	if (value->number < param_min(param) || value->number > param_max(param))
		return false;
	decimal_format(millionths, value->canonical);
	return true;
}

static bool read_number(
	const struct param *param, const char *text, int places, struct param_value *value)
{
	int64_t millionths;
	return decimal_parse(text, strlen(text), places, &millionths) &&
	       take_number(param, millionths, value);
}

/* A field of a time before a colon, or two digits below 60 between colons. "05" is fine here. */
static bool read_field(const char *text, size_t len, bool leading, int64_t *field)
{
	if (len == 2 && text[0] == '0') {
		text++;
		len--;
	} else if (!leading && len != 2) {
		return false;
	}
	unsigned long value;
	if (!decimal_parse_unsigned(text, len, leading ? 999999 : 59, &value))
		return false;
	*field = (int64_t)value;
	return true;
}

/* 90.5, 1:30.5 or 1:02:03. Behind a colon the seconds have two digits and stay below 60. */
static bool read_time(const struct param *param, const char *text, struct param_value *value)
{
	const char *first = strchr(text, ':');
	if (!first)
		return text[0] != '-' && read_number(param, text, 3, value);
	const char *second = strchr(first + 1, ':');
	const char *seconds = (second ? second : first) + 1;
	int64_t leading, minutes = 0, whole, fraction = 0;
	if (!read_field(text, (size_t)(first - text), true, &leading))
		return false;
	if (second && !read_field(first + 1, (size_t)(second - first) - 1, false, &minutes))
		return false;
	size_t len = strlen(seconds);
	if (len < 2 || !read_field(seconds, 2, false, &whole))
		return false;
	if (len > 2) {
		/* The point and what follows, read as 0.… */
		char zero[8] = "0";
		if (len > 6)
			return false;
		memcpy(zero + 1, seconds + 2, len - 2 + 1);
		if (!decimal_parse(zero, strlen(zero), 3, &fraction))
			return false;
	}
	int64_t total = second ? leading * 3600 + minutes * 60 + whole : leading * 60 + whole;
	return take_number(param, total * DECIMAL_ONE + fraction, value);
}

/* The beginning needs no seek, and a seek to it would miss what lies before the time 0. */
static bool read_position(const struct param *param, const char *text, struct param_value *value)
{
	if (!read_time(param, text, value))
		return false;
	value->present = value->number > 0;
	return true;
}

static bool read_choice(const struct param *param, const char *text, struct param_value *value)
{
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

static bool read_format(const struct param *param, const char *text, struct param_value *value)
{
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

static bool read_flag(const char *text, struct param_value *value)
{
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

static bool read_value(const struct param *param, const char *text, struct param_value *value)
{
	switch (param->type) {
	case PARAM_SIZE:
		return read_size(param, text, value);
	case PARAM_INTEGER:
		return read_number(param, text, 0, value);
	case PARAM_NUMBER:
		return read_number(param, text, DECIMAL_PLACES, value);
	case PARAM_TIME:
		return read_time(param, text, value);
	case PARAM_POSITION:
		return read_position(param, text, value);
	case PARAM_CHOICE:
		return read_choice(param, text, value);
	case PARAM_COLOR:
		return param_read_color(text, value);
	case PARAM_REGION:
		return read_region(param, text, value);
	case PARAM_FLAG:
		return read_flag(text, value);
	case PARAM_FORMAT:
		return read_format(param, text, value);
	case PARAM_TEXT:
		return param_read_text(param, text, value);
	}
	return false;
}

bool param_parse(const struct param *param, const char *text, struct param_value *value,
	char message[PARAM_MESSAGE_MAX])
{
	const struct param_value absent = {.x = -1, .y = -1, .w = -1, .h = -1};
	*value = absent;
	value->present = true;
	if (read_value(param, text, value))
		return true;
	*value = absent;
	param_describe(param, message);
	return false;
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

/* SPDX-License-Identifier: MIT */
/*
 * Whole numbers, numbers and times: decimals between bounds.
 */
#include "src/recipe/decimal.h"
#include "src/recipe/param_kinds.h"

#include <string.h>

static void put_number(struct text *out, double number)
{
	char digits[DECIMAL_TEXT_MAX];
	decimal_format((int64_t)llround(number * DECIMAL_ONE), digits);
	text_puts(out, digits);
}

void param_put_range(const struct param_kind *kind, const struct param *param, struct text *out)
{
	put_number(out, param_min(kind, param));
	text_puts(out, " to ");
	put_number(out, param_max(kind, param));
}

/* Between the bounds, in canonical form. */
static bool take_number(const struct param_kind *kind, const struct param *param,
	int64_t millionths, struct param_value *value)
{
	value->number = (double)millionths / DECIMAL_ONE;
	if (value->number < param_min(kind, param) || value->number > param_max(kind, param))
		return false;
	decimal_format(millionths, value->canonical);
	return true;
}

static bool parse_number(const struct param_kind *kind, const struct param *param, const char *text,
	int places, struct param_value *value)
{
	int64_t millionths;
	return decimal_parse(text, strlen(text), places, &millionths) &&
	       take_number(kind, param, millionths, value);
}

bool param_parse_integer(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	return parse_number(kind, param, text, 0, value);
}

bool param_parse_number(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	return parse_number(kind, param, text, DECIMAL_PLACES, value);
}

/* A field of a time before a colon, or two digits below 60 between colons. "05" is fine here. */
static bool parse_field(const char *text, size_t len, bool leading, int64_t *field)
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

/* 90.5, 1:30.5 or 1:02:03. Behind a colon the seconds have two digits and are below 60. */
bool param_parse_time(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	const char *first = strchr(text, ':');
	if (!first)
		return text[0] != '-' && parse_number(kind, param, text, 3, value);
	const char *second = strchr(first + 1, ':');
	const char *seconds = (second ? second : first) + 1;
	int64_t leading, minutes = 0, whole, fraction = 0;
	if (!parse_field(text, (size_t)(first - text), true, &leading))
		return false;
	if (second && !parse_field(first + 1, (size_t)(second - first) - 1, false, &minutes))
		return false;
	size_t len = strlen(seconds);
	if (len < 2 || !parse_field(seconds, 2, false, &whole))
		return false;
	if (len > 2) {
		/* the point and the digits behind it, read as 0.… */
		char zero[8] = "0";
		if (len > 6)
			return false;
		memcpy(zero + 1, seconds + 2, len - 2 + 1);
		if (!decimal_parse(zero, strlen(zero), 3, &fraction))
			return false;
	}
	int64_t total = second ? leading * 3600 + minutes * 60 + whole : leading * 60 + whole;
	return take_number(kind, param, total * DECIMAL_ONE + fraction, value);
}

/* The beginning needs no seek, and a seek to it would miss what lies before the time 0. */
bool param_parse_position(const struct param_kind *kind, const struct param *param,
	const char *text, struct param_value *value)
{
	if (!param_parse_time(kind, param, text, value))
		return false;
	value->present = value->number > 0;
	return true;
}

void param_describe_integer(
	const struct param_kind *kind, const struct param *param, struct text *out)
{
	text_puts(out, "a whole number from ");
	param_put_range(kind, param, out);
}

void param_describe_number(
	const struct param_kind *kind, const struct param *param, struct text *out)
{
	text_puts(out, "a number from ");
	param_put_range(kind, param, out);
	text_puts(out, ", at most 6 decimals");
}

void param_describe_time(const struct param_kind *kind, const struct param *param, struct text *out)
{
	text_puts(out, "seconds, m:ss or h:mm:ss, from ");
	param_put_range(kind, param, out);
	text_puts(out, " seconds, at most 3 decimals");
}

void param_sample_number(const struct param *param, struct text *out)
{
	text_printf(out, "%.0f", isnan(param->min) ? 0 : ceil(param->min));
}

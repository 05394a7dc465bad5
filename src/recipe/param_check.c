/* SPDX-License-Identifier: MIT */
/*
 * Checks the declaration of a parameter: it must make sense for its type.
 */
#include "src/http/media_type.h"
#include "src/recipe/decimal.h"
#include "src/recipe/param_kind.h"

#include <ctype.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static bool refuse(
	const struct param *param, char message[PARAM_MESSAGE_MAX], const char *format, ...)
{
	struct text text;
	text_init(&text, message, PARAM_MESSAGE_MAX);
	text_printf(&text, "param %s: ", param->name && *param->name ? param->name : "?");
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	return false;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

bool param_check_name(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	static const char harmless[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const char *name = param->name;
	if (!name || !isalpha((unsigned char)*name) || strlen(name) > PARAM_NAME_MAX ||
		name[strspn(name, harmless)])
		return refuse(param, message,
			"a name begins with a letter and has up to %d letters, digits, - and _",
			PARAM_NAME_MAX);
	if (!strcmp(name, "source") || !strcmp(name, "output"))
		return refuse(param, message, "this name is {%s} already", name);
	return true;
}

static bool check_range(
	const struct param_kind *kind, const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	double min = param_min(kind, param), max = param_max(kind, param);
	if (!(min <= max))
		return refuse(param, message, "min is greater than max");
	if (kind->bounds == PARAM_BOUNDS_BYTES) {
		if (min < 0 || max > PARAM_CANONICAL_MAX - 1 || max < 1)
			return refuse(param, message, "a text has at most %d bytes",
				PARAM_CANONICAL_MAX - 1);
	} else if (min < -(double)DECIMAL_LIMIT || max > (double)DECIMAL_LIMIT) {
		return refuse(param, message, "bounds must lie within 9000000000");
	}
	bool whole = kind->bounds == PARAM_BOUNDS_WHOLE || kind->bounds == PARAM_BOUNDS_BYTES;
	if (whole && (floor(min) != min || floor(max) != max))
		return refuse(param, message, "bounds must be whole numbers");
	if (kind->bounds == PARAM_BOUNDS_SECONDS && min < 0)
		return refuse(param, message, "a time is never negative");
	return true;
}

static bool check_sides(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	struct param_sides sides = param_sides(param);
	if (sides.max_w > PARAM_PART_MAX || sides.max_h > PARAM_PART_MAX)
		return refuse(param, message, "max is greater than 65535x65535");
	if (sides.min_w > sides.max_w || sides.min_h > sides.max_h)
		return refuse(param, message, "min is greater than max");
	return true;
}

static bool check_values(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	if (param->value_count == 0)
		return refuse(param, message, "needs values");
	if (param->value_count > PARAM_VALUES_MAX)
		return refuse(param, message, "has more than %d values", PARAM_VALUES_MAX);
	for (size_t i = 0; i < param->value_count; i++) {
		const char *name = param->values[i].name, *mapped = param->values[i].mapped;
		if (!name || !*name || has_control(name) || (mapped && has_control(mapped)))
			return refuse(param, message, "a value is empty or has control characters");
		if (strlen(name) >= PARAM_CANONICAL_MAX ||
			(mapped && strlen(mapped) >= PARAM_CANONICAL_MAX))
			return refuse(param, message, "a value is too long");
		if (param->type == PARAM_FORMAT && media_from_name(name) < 0)
			return refuse(param, message, "%s is no known format", name);
		for (size_t j = 0; j < i; j++) {
			const char *other = param->values[j].name;
			if (!strcmp(name, other) ||
				(param->type == PARAM_FORMAT &&
					media_from_name(name) == media_from_name(other)))
				return refuse(param, message, "the value %s stands twice", name);
		}
	}
	return true;
}

/* Refuses what means nothing for the type of the parameter. */
static bool check_meaning(
	const struct param_kind *kind, const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	bool sided = kind->bounds == PARAM_BOUNDS_SIDES;
	bool ranged = kind->bounds != PARAM_BOUNDS_NONE && !sided;
	if (!ranged && (!isnan(param->min) || !isnan(param->max)))
		return refuse(param, message, "min and max as numbers mean nothing for type %s",
			kind->name);
	if (!sided && (param->min_w || param->min_h || param->max_w || param->max_h))
		return refuse(param, message, "min and max as sides mean nothing for type %s",
			kind->name);
	if (!kind->has_values && param->value_count > 0)
		return refuse(param, message, "values mean nothing for type %s", kind->name);
	if (!kind->has_allow && param->allow)
		return refuse(param, message, "allow means nothing for type %s", kind->name);
	if (param->allow && has_control(param->allow))
		return refuse(param, message, "allow has control characters");
	if (param->required && param->default_text)
		return refuse(param, message, "required and default exclude each other");
	if (ranged)
		return check_range(kind, param, message);
	if (sided)
		return check_sides(param, message);
	return !kind->has_values || check_values(param, message);
}

bool param_check(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	if (!param_check_name(param, message) ||
		!check_meaning(&param_kinds[param->type], param, message))
		return false;
	struct param_value value;
	char accepts[PARAM_MESSAGE_MAX];
	if (param->default_text && !param_parse(param, param->default_text, &value, accepts)) {
		const char *tail = strchr(accepts, ':');
		return refuse(
			param, message, "the default is not accepted%.160s", tail ? tail : "");
	}
	return true;
}

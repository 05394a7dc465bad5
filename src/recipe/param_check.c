/* SPDX-License-Identifier: MIT */
/*
 * The declaration of a parameter, seen from both sides: what the administrator wrote must make
 * sense, and what it accepts must be told to a client in one line, without the client's own words
 * in it.
 */
#include "base/text.h"
#include "src/recipe/decimal.h"
#include "src/recipe/param_types.h"
#include "src/http/media_type.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static void put_number(struct text *text, double number)
{
	char out[DECIMAL_TEXT_MAX];
	decimal_format((int64_t)llround(number * DECIMAL_ONE), out);
	text_puts(text, out);
}

static void put_range(struct text *text, const struct param *param)
{
	put_number(text, param_min(param));
	text_puts(text, " to ");
	put_number(text, param_max(param));
}

static void put_sides(struct text *text, const struct param *param)
{
	struct param_sides sides = param_sides(param);
	if (sides.min_w > 1 || sides.min_h > 1)
		text_printf(text, ", at least %ux%u", sides.min_w, sides.min_h);
	text_printf(text, ", at most %ux%u", sides.max_w, sides.max_h);
}

/* As many names as fit the line. */
static void put_values(struct text *text, const struct param *param)
{
	text_puts(text, param->value_count > 1 ? "one of " : "");
	for (size_t i = 0; i < param->value_count; i++) {
		const char *name = param->values[i].name;
		if (param->type == PARAM_FORMAT && media_from_name(name) >= 0)
			name = media_name((enum media_type)media_from_name(name));
		const char *comma = i > 0 ? ", " : "";
		if (text->len + strlen(comma) + strlen(name) + strlen(", ...") >= text->size) {
			text_puts(text, ", ...");
			return;
		}
		text_printf(text, "%s%s", comma, name);
	}
}

static void put_text(struct text *text, const struct param *param)
{
	put_range(text, param);
	text_puts(text, " bytes of letters, digits, space");
	if (param->allow && *param->allow)
		text_printf(text, " and %s", param->allow);
	text_puts(text, "; not - or @ at the beginning");
}

void param_describe(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	struct text text;
	text_init(&text, message, PARAM_MESSAGE_MAX);
	text_printf(&text, "%s: ", param->name);
	switch (param->type) {
	case PARAM_SIZE:
		text_puts(&text, "300x200, 300x or x200");
		put_sides(&text, param);
		break;
	case PARAM_INTEGER:
		text_puts(&text, "a whole number from ");
		put_range(&text, param);
		break;
	case PARAM_NUMBER:
		text_puts(&text, "a number from ");
		put_range(&text, param);
		text_puts(&text, ", at most 6 decimals");
		break;
	case PARAM_TIME:
	case PARAM_POSITION:
		text_puts(&text, "seconds, m:ss or h:mm:ss, from ");
		put_range(&text, param);
		text_puts(&text, " seconds, at most 3 decimals");
		break;
	case PARAM_COLOR:
		text_puts(
			&text, "a colour as fff, ffffff, ffffffff or one of CSS's 16 basic names");
		break;
	case PARAM_REGION:
		text_puts(&text, "X,Y,WxH as in 10,20,300x200");
		put_sides(&text, param);
		break;
	case PARAM_FLAG:
		text_puts(&text, "1, true, yes, on or 0, false, no, off");
		break;
	case PARAM_CHOICE:
	case PARAM_FORMAT:
		put_values(&text, param);
		break;
	case PARAM_TEXT:
		put_text(&text, param);
		break;
	}
}

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

static bool check_range(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	double min = param_min(param), max = param_max(param);
	if (!(min <= max))
		return refuse(param, message, "min is greater than max");
	if (param->type == PARAM_TEXT) {
		if (min < 0 || max > PARAM_CANONICAL_MAX - 1 || max < 1)
			return refuse(param, message, "a text has at most %d bytes",
				PARAM_CANONICAL_MAX - 1);
	} else if (min < -(double)DECIMAL_LIMIT || max > (double)DECIMAL_LIMIT) {
		return refuse(param, message, "bounds must lie within 9000000000");
	}
	bool whole = param->type == PARAM_INTEGER || param->type == PARAM_TEXT;
	if (whole && (floor(min) != min || floor(max) != max))
		return refuse(param, message, "bounds must be whole numbers");
	if ((param->type == PARAM_TIME || param->type == PARAM_POSITION) && min < 0)
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

/* What stands in the declaration but means nothing for its type. */
static bool check_meaning(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	bool ranged = param->type == PARAM_INTEGER || param->type == PARAM_NUMBER ||
		      param->type == PARAM_TIME || param->type == PARAM_POSITION ||
		      param->type == PARAM_TEXT;
	bool sided = param->type == PARAM_SIZE || param->type == PARAM_REGION;
	bool valued = param->type == PARAM_CHOICE || param->type == PARAM_FORMAT;
	const char *type = param_type_name(param->type);
	if (!ranged && (!isnan(param->min) || !isnan(param->max)))
		return refuse(
			param, message, "min and max as numbers mean nothing for type %s", type);
	if (!sided && (param->min_w || param->min_h || param->max_w || param->max_h))
		return refuse(
			param, message, "min and max as sides mean nothing for type %s", type);
	if (!valued && param->value_count > 0)
		return refuse(param, message, "values mean nothing for type %s", type);
	if (param->type != PARAM_TEXT && param->allow)
		return refuse(param, message, "allow means nothing for type %s", type);
	if (param->allow && has_control(param->allow))
		return refuse(param, message, "allow has control characters");
	if (param->required && param->default_text)
		return refuse(param, message, "required and default exclude each other");
	if (ranged)
		return check_range(param, message);
	if (sided)
		return check_sides(param, message);
	return !valued || check_values(param, message);
}

bool param_check(const struct param *param, char message[PARAM_MESSAGE_MAX])
{
	if (!param_check_name(param, message) || !check_meaning(param, message))
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

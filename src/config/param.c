/* SPDX-License-Identifier: MIT */
/*
 * `param NAME { … }`. The type decides what min, max and default mean. An option that means nothing
 * for the type is an error: a bound without effect is worse than none.
 */
#include "src/config/media_names.h"
#include "src/config/sections.h"
#include "src/recipe/param_kind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What other languages call it; NULL: nothing is known. */
static const char *other_type(const char *name)
{
	static const char *const rows[][2] = {{"int", "integer"}, {"uint", "integer"},
		{"string", "text"}, {"str", "text"}, {"float", "number"}, {"double", "number"},
		{"decimal", "number"}, {"bool", "flag"}, {"boolean", "flag"}, {"enum", "choice"},
		{"select", "choice"}, {"list", "choice"}, {"option", "choice"},
		{"dimensions", "size"}, {"geometry", "size"}, {"seconds", "time"},
		{"duration", "time"}, {"offset", "position"}, {"rect", "region"},
		{"crop", "region"}, {"mime", "format"}, {"extension", "format"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i][0], name) == 0)
			return rows[i][1];
	return NULL;
}

static bool read_type(const struct config_reader *reader, struct param *param)
{
	char message[CONFIG_MESSAGE_MAX];
	const struct config_value *value = config_read_one(reader, "type");
	if (!value) {
		config_read_error(reader, config_node_line(reader->node),
			"type is missing: write type = size, integer, choice, ...");
		return false;
	}
	int type = param_type_from_name(value->text);
	if (type < 0) {
		const char *names[PARAM_TYPES + 1] = {0};
		for (int i = 0; i < PARAM_TYPES; i++)
			names[i] = param_type_name((enum param_type)i);
		if (other_type(value->text))
			snprintf(message, sizeof(message), "did you mean %s?",
				other_type(value->text));
		else
			config_parse_name(value->text, names, message);
		config_read_error(reader, value->line, "type = %.80s: %s", value->text, message);
		return false;
	}
	param->type = (enum param_type)type;
	return true;
}

/* How a bound that is a number is written. */
static const char *const bound_words[] = {
	[PARAM_BOUNDS_NUMBER] = "a number",
	[PARAM_BOUNDS_WHOLE] = "a whole number",
	[PARAM_BOUNDS_SECONDS] = "seconds such as 90.5, or 1:30.5",
	[PARAM_BOUNDS_BYTES] = "a number of bytes up to 255",
};

static bool parse_bound(enum param_bounds bounds, const char *text, double *number)
{
	if (bounds == PARAM_BOUNDS_SECONDS)
		return config_parse_seconds(text, number);
	if (!config_parse_number(text, number))
		return false;
	if (bounds == PARAM_BOUNDS_NUMBER)
		return true;
	if (*number != floor(*number) || fabs(*number) >= 1e15)
		return false;
	return bounds != PARAM_BOUNDS_BYTES || (*number >= 0 && *number < PARAM_CANONICAL_MAX);
}

static void read_number_bound(const struct config_reader *reader, const char *option,
	enum param_bounds bounds, double *out)
{
	const struct config_value *value = config_read_one(reader, option);
	double number;
	if (value && parse_bound(bounds, value->text, &number))
		*out = number;
	else if (value)
		config_read_error(reader, value->line, "%s = %.80s: write %s", option, value->text,
			bound_words[bounds]);
}

static void read_size_bound(
	const struct config_reader *reader, const char *option, unsigned *w, unsigned *h)
{
	const struct config_value *value = config_read_one(reader, option);
	if (!value || config_parse_size(value->text, w, h))
		return;
	size_t digits = strspn(value->text, "0123456789");
	unsigned width, height;
	if (sscanf(value->text, "%5u %*[xX*] %5u", &width, &height) == 2 && width && height) {
		config_read_error(reader, value->line, "%s = %.80s: did you mean %ux%u?", option,
			value->text, width, height);
		return;
	}
	if (digits > 0 && digits < 6 && value->text[digits] == '\0')
		config_read_error(reader, value->line, "%s = %s: did you mean %sx%s?", option,
			value->text, value->text, value->text);
	else
		config_read_error(
			reader, value->line, "%s = %.80s: write 4096x4096", option, value->text);
}

static void refuse_bound(
	const struct config_reader *reader, const char *option, const struct param *param)
{
	const struct config_value *value = config_read_one(reader, option);
	if (value)
		config_read_error(reader, value->line, "%s: type %s has no such bound", option,
			param_type_name(param->type));
}

static void read_bounds(const struct config_reader *reader, struct param *param)
{
	enum param_bounds bounds = param_kinds[param->type].bounds;
	if (bounds == PARAM_BOUNDS_NONE) {
		refuse_bound(reader, "min", param);
		refuse_bound(reader, "max", param);
	} else if (bounds == PARAM_BOUNDS_SIDES) {
		read_size_bound(reader, "min", &param->min_w, &param->min_h);
		read_size_bound(reader, "max", &param->max_w, &param->max_h);
	} else {
		read_number_bound(reader, "min", bounds, &param->min);
		read_number_bound(reader, "max", bounds, &param->max);
	}
}

/* "jpeg" is jpeg; "cover=^" of a choice is cover in the URL and ^ in argv. */
static bool read_value(
	const struct config_reader *reader, const struct config_value *value, struct param *param)
{
	struct param_choice *choice = &param->values[param->value_count];
	if (param->type == PARAM_FORMAT) {
		char message[CONFIG_MESSAGE_MAX];
		int type = config_parse_media(value->text, message);
		if (type < 0) {
			config_read_error(reader, value->line, "values: format '%.40s': %s",
				value->text, message);
			return false;
		}
		choice->name = config_strdup(reader->report, media_name((enum media_type)type));
		choice->mapped = config_strdup(reader->report, media_name((enum media_type)type));
	} else {
		const char *equal = strchr(value->text, '=');
		choice->name = config_strdup(reader->report, value->text);
		choice->mapped = config_strdup(reader->report, equal ? equal + 1 : value->text);
		if (choice->name && equal)
			choice->name[equal - value->text] = '\0';
	}
	param->value_count++;
	for (size_t i = 0; i + 1 < param->value_count; i++) {
		if (choice->name && param->values[i].name &&
			strcmp(param->values[i].name, choice->name) == 0) {
			config_read_error(reader, value->line, "values: '%s' stands there twice",
				choice->name);
			return false;
		}
	}
	return true;
}

/* False when a value was wrong: the declaration is then not checked further. */
static bool read_values(const struct config_reader *reader, struct param *param)
{
	bool ok = true;
	size_t count = config_node_count(reader->node, "values");
	const struct config_value *first = config_node_value(reader->node, "values", 0);
	if (!param_kinds[param->type].has_values) {
		if (first)
			config_read_error(reader, first->line,
				"values: only choice and format have them, not %s",
				param_type_name(param->type));
		return !first;
	}
	if (count == 0) {
		config_read_error(reader, config_node_line(reader->node),
			"values are missing: type %s needs them", param_type_name(param->type));
		return false;
	}
	if (count > PARAM_VALUES_MAX) {
		config_read_error(reader,
			config_node_value(reader->node, "values", PARAM_VALUES_MAX)->line,
			"values: more than %d", PARAM_VALUES_MAX);
		return false;
	}
	for (size_t i = 0; i < count && !reader->report->out_of_memory; i++)
		ok = read_value(reader, config_node_value(reader->node, "values", i), param) && ok;
	return ok;
}

/* The line that most likely causes an error of the whole declaration. */
static unsigned blame(const struct config_reader *reader)
{
	static const char *const order[] = {"max", "min", "values", "allow"};
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		const struct config_value *value = config_read_one(reader, order[i]);
		if (value)
			return value->line;
	}
	return config_node_line(reader->node);
}

/* Messages of param_check begin with the parameter, which `where` has named already. */
static const char *without_name(const char *message, const char *name)
{
	const char *at = strncmp(message, "param ", 6) == 0 ? message + 6 : message;
	size_t n = strlen(name);
	return strncmp(at, name, n) == 0 && strncmp(at + n, ": ", 2) == 0 ? at + n + 2 : message;
}

static void check(const struct config_reader *reader, struct param *param)
{
	struct param_value parsed;
	char message[PARAM_MESSAGE_MAX];
	char *given = param->default_text;
	param->default_text = NULL;
	bool ok = param_check(param, message);
	param->default_text = given;
	if (!ok) {
		config_read_error(reader, blame(reader), "%s", without_name(message, param->name));
		return;
	}
	const struct config_value *value = config_read_one(reader, "default");
	if (!given || !value)
		return;
	if (param->required)
		config_read_error(reader, value->line, "required and a default exclude each other");
	else if (!param_parse(param, given, &parsed, message))
		config_read_error(reader, value->line, "default = %.80s: %s", value->text,
			without_name(message, param->name));
}

bool config_param(const struct config_reader *recipe, const struct config_node *node,
	const struct option *options, struct param *param)
{
	char here[256], message[PARAM_MESSAGE_MAX];
	const char *name = config_node_title(node);
	struct config_report *report = recipe->report;
	struct config_reader reader = *recipe;
	size_t errors = report->errors;
	snprintf(here, sizeof(here), "%sparam '%.40s': ", recipe->where, name);
	reader.node = node;
	reader.where = here;
	*param = (struct param){.name = config_strdup(report, name), .min = NAN, .max = NAN};
	if (!param->name)
		return false;
	if (!param_check_name(param, message))
		config_read_error(
			&reader, config_node_line(node), "%s", without_name(message, param->name));
	config_read_section(&reader, options, OPTION_PARAM, param);
	if (!read_type(&reader, param))
		return false;
	read_bounds(&reader, param);
	bool ok = read_values(&reader, param);
	const struct config_value *allow = config_read_one(&reader, "allow");
	if (allow && !param_kinds[param->type].has_allow) {
		config_read_error(&reader, allow->line, "allow: only type text has it, not %s",
			param_type_name(param->type));
		free(param->allow);
		param->allow = NULL;
	}
	if (ok && errors == report->errors && !report->out_of_memory)
		check(&reader, param);
	return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * The table of types. param_kind.h tells what a row means and how to add one.
 */
#include "src/recipe/param_kinds.h"

#include "src/recipe/decimal.h"

#include <string.h>

const struct param_kind param_kinds[PARAM_TYPES] = {
	[PARAM_SIZE] = {"size", PARAM_BOUNDS_SIDES, .parts = "wh", .scales = true,
		.parse = param_parse_size, .describe = param_describe_size,
		.sample = param_sample_size},
	[PARAM_INTEGER] = {"integer", PARAM_BOUNDS_WHOLE, 0, 2147483647, .parts = "",
		.scales = true, .parse = param_parse_integer, .describe = param_describe_integer,
		.sample = param_sample_number},
	[PARAM_NUMBER] = {"number", PARAM_BOUNDS_NUMBER, 0, (double)DECIMAL_LIMIT, .parts = "",
		.scales = true, .parse = param_parse_number, .describe = param_describe_number,
		.sample = param_sample_number},
	[PARAM_TIME] = {"time", PARAM_BOUNDS_SECONDS, 0, (double)DECIMAL_LIMIT, .parts = "",
		.scales = true, .parse = param_parse_time, .describe = param_describe_time,
		.sample = param_sample_number},
	[PARAM_POSITION] = {"position", PARAM_BOUNDS_SECONDS, 0, (double)DECIMAL_LIMIT, .parts = "",
		.scales = true, .parse = param_parse_position, .describe = param_describe_time,
		.sample = param_sample_number},
	[PARAM_CHOICE] = {"choice", .has_values = true, .may_be_empty = true, .parts = "",
		.parse = param_parse_choice, .describe = param_describe_choice,
		.sample = param_sample_choice},
	[PARAM_COLOR] = {"color", .parts = "", .parse = param_parse_color,
		.describe = param_describe_color, .sample = param_sample_color,
		.spell = param_spell_color},
	[PARAM_REGION] = {"region", PARAM_BOUNDS_SIDES, .parts = "wxyh", .scales = true,
		.parse = param_parse_region, .describe = param_describe_region,
		.sample = param_sample_region, .spell = param_spell_region},
	[PARAM_FLAG] = {"flag", .parts = "", .parse = param_parse_flag,
		.describe = param_describe_flag, .sample = param_sample_flag},
	[PARAM_FORMAT] = {"format", .has_values = true, .parts = "", .parse = param_parse_format,
		.describe = param_describe_choice, .sample = param_sample_choice},
	[PARAM_TEXT] = {"text", PARAM_BOUNDS_BYTES, 1, PARAM_TEXT_MAX, .has_allow = true,
		.parts = "", .parse = param_parse_text, .describe = param_describe_text,
		.sample = param_sample_text},
};

int param_type_from_name(const char *name)
{
	for (int i = 0; i < PARAM_TYPES; i++)
		if (!strcmp(name, param_kinds[i].name))
			return i;
	return -1;
}

const char *param_type_name(enum param_type type)
{
	return param_kinds[type].name;
}

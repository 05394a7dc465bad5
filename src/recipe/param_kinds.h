/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PARAM_KINDS_H
#define SRC_RECIPE_PARAM_KINDS_H

/* The functions that the table of types (param_kinds.c) names. */

#include "src/recipe/param_kind.h"

typedef bool param_parser(const struct param_kind *kind, const struct param *param,
	const char *text, struct param_value *value);
typedef void param_describer(
	const struct param_kind *kind, const struct param *param, struct text *out);
typedef void param_sampler(const struct param *param, struct text *out);
typedef void param_speller(const struct param_value *value, struct text *out);

/* param_number.c */
param_parser param_parse_integer, param_parse_number, param_parse_time, param_parse_position;
param_describer param_describe_integer, param_describe_number, param_describe_time;
param_sampler param_sample_number;

/* param_sides.c */
param_parser param_parse_size, param_parse_region;
param_describer param_describe_size, param_describe_region;
param_sampler param_sample_size, param_sample_region;
param_speller param_spell_region;

/* param_choice.c */
param_parser param_parse_choice, param_parse_format, param_parse_flag;
param_describer param_describe_choice, param_describe_flag;
param_sampler param_sample_choice, param_sample_flag;

/* param_color.c */
param_parser param_parse_color;
param_describer param_describe_color;
param_sampler param_sample_color;
param_speller param_spell_color;

/* param_text.c */
param_parser param_parse_text;
param_describer param_describe_text;
param_sampler param_sample_text;

#endif

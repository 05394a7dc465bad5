/* SPDX-License-Identifier: MIT */
/*
 * Prints the options that no type of option can print.
 */
#include "src/config/print_own.h"

#include "src/config/config.h"
#include "src/config/values.h"

#include <math.h>
#include <string.h>

void config_put_listen(FILE *out, const struct option *option, const void *record)
{
	const struct config *config = record;
	if (!config->listen) {
		fputs("# listen: the socket that is inherited\n", out);
		return;
	}
	option_put_name(out, option);
	option_put_quoted(out, config->listen);
	fputc('\n', out);
}

/* Without `send` it would be refused when the output is read again. */
void config_put_send_from(FILE *out, const struct option *option, const void *record)
{
	const struct config *config = record;
	if (config->cache_send)
		option_put_typed(out, option, record);
}

void config_put_path(FILE *out, const struct option *option, const void *record)
{
	const struct recipe *recipe = record;
	option_put_name(out, option);
	option_put_quoted(out, pattern_text(recipe->path));
	fputc('\n', out);
}

void config_put_sources(FILE *out, const struct option *option, const void *record)
{
	const struct recipe *recipe = record;
	const char *comma = "{";
	if (!recipe->sources)
		return;
	option_put_name(out, option);
	for (int i = 1; i < MEDIA_TYPES; i++) {
		const uint64_t type = UINT64_C(1) << i;
		if (recipe->sources & type) {
			fprintf(out, "%s'%s%s'", comma, media_name((enum media_type)i),
				recipe_source_kind(recipe, type));
			comma = ", ";
		}
	}
	fputs("}\n", out);
}

void config_put_run(FILE *out, const struct option *option, const void *record)
{
	const struct recipe *recipe = record;
	if (!recipe->run || !recipe->run[0])
		return;
	option_put_name(out, option);
	option_put_list(out, recipe->run);
	fputc('\n', out);
}

void config_put_exits(FILE *out, const struct option *option, const void *record)
{
	const struct recipe *recipe = record;
	if (recipe->exit_count == 0)
		return;
	option_put_name(out, option);
	for (size_t i = 0; i < recipe->exit_count; i++)
		fprintf(out, "%s'%d=%d'", i ? ", " : "{", recipe->exits[i].exit,
			recipe->exits[i].status);
	fputs("}\n", out);
}

void config_put_param_type(FILE *out, const struct option *option, const void *record)
{
	const struct param *param = record;
	option_put_name(out, option);
	fprintf(out, "%s\n", param_type_name(param->type));
}

static void put_number(FILE *out, double number)
{
	/* the fewest decimals that give the same number again */
	char text[400];
	for (int decimals = 0; decimals < 20; decimals++) {
		double again;
		snprintf(text, sizeof(text), "%.*f", decimals, number);
		if (config_parse_number(text, &again) && again == number)
			break;
	}
	fputs(text, out);
}

void config_put_param_bound(FILE *out, const struct option *option, const void *record)
{
	const struct param *param = record;
	bool upper = strcmp(option->name, "max") == 0;
	double number = upper ? param->max : param->min;
	unsigned w = upper ? param->max_w : param->min_w;
	unsigned h = upper ? param->max_h : param->min_h;
	if (isnan(number) && !w)
		return;
	option_put_name(out, option);
	if (w)
		fprintf(out, "%ux%u", w, h);
	else
		put_number(out, number);
	fputc('\n', out);
}

void config_put_param_values(FILE *out, const struct option *option, const void *record)
{
	const struct param *param = record;
	if (param->value_count == 0)
		return;
	option_put_name(out, option);
	for (size_t i = 0; i < param->value_count; i++) {
		const struct param_choice *choice = &param->values[i];
		char text[1024];
		bool plain =
			param->type == PARAM_FORMAT || strcmp(choice->name, choice->mapped) == 0;
		snprintf(text, sizeof(text), "%s%s%s", choice->name, plain ? "" : "=",
			plain ? "" : choice->mapped);
		fputs(i ? ", " : "{", out);
		option_put_quoted(out, text);
	}
	fputs("}\n", out);
}

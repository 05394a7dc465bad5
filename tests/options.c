/* SPDX-License-Identifier: MIT */
/*
 * Prints the table of options for tests/man.py: a line for each, with tabs between section, name,
 * default, default of a live recipe, "required", and "fixed". Then a line for each type of
 * parameter: "type", its name.
 */
#include "src/config/option.h"
#include "src/recipe/param.h"

int main(void)
{
	static const char *const sections[OPTION_SECTIONS] = {
		[OPTION_FILE] = "file",
		[OPTION_RECIPE] = "recipe",
		[OPTION_PARAM] = "param",
		[OPTION_CACHE] = "cache",
	};
	for (const struct option *option = config_options; option->name; option++)
		printf("%s\t%s\t%s\t%s\t%s\t%s\n", sections[option->section], option->name,
			option->standard ? option->standard : "", option->live ? option->live : "",
			option->required ? "required" : "", option->fixed ? "fixed" : "");
	for (int type = 0; type < PARAM_TYPES; type++)
		printf("type\t%s\n", param_type_name((enum param_type)type));
	return 0;
}

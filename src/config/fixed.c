/* SPDX-License-Identifier: MIT */
/* What a daemon opens, binds or becomes at its start stays. An operator who changes such an option
 * and reloads would otherwise believe that it is in force. */
#include "src/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "src/config/option.h"

static const char *prefix_of(const struct option *option)
{
	return option->section == OPTION_CACHE ? "cache." : "";
}

/* A line with the name and what -T prints: "\nlog: log = '…'\n". */
static void put_line(FILE *out, const struct option *option, const struct config *config)
{
	fprintf(out, "\n%s%s: ", prefix_of(option), option->name);
	if (option->section != OPTION_CACHE || config->cache_path)
		option_put(out, option, config);
}

/* While a recipe has `confine = off`, the daemon does not confine itself: the programs that it
 * holds would inherit that. It decides so once. */
static const char *unconfined_line(const struct config *config)
{
	for (size_t i = 0; i < config->recipe_count; i++)
		if (config->recipes[i]->confine == RECIPE_CONFINE_OFF)
			return "\nconfine: off\n";
	return "\nconfine: on\n";
}

static void warn(FILE *out, const struct config *config, const char *prefix, const char *name)
{
	fprintf(out,
		"%s: warning: %s%s takes effect only when the daemon starts: a reload does not "
		"change it\n",
		config->file, prefix, name);
}

/* option NULL: all. NULL when there is no memory. */
static char *lines_of(const struct option *only, const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	for (const struct option *option = config_options; option->name; option++)
		if (option->fixed && (!only || option == only))
			put_line(out, option, config);
	fputs(only ? "\n" : unconfined_line(config), out);
	fclose(out);
	return text;
}

char *config_fixed(const struct config *config)
{
	return lines_of(NULL, config);
}

void config_warn_fixed(const char *started, const struct config *config, FILE *out)
{
	for (const struct option *option = config_options; option->name; option++) {
		char *line = option->fixed ? lines_of(option, config) : NULL;
		if (line && !strstr(started, line))
			warn(out, config, prefix_of(option), option->name);
		free(line);
	}
	if (!strstr(started, unconfined_line(config)))
		warn(out, config, "", "confine = off");
}

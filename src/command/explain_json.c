/* SPDX-License-Identifier: MIT */
/* The same as explain.c prints, for programs. Nothing is shortened here. */
#include "src/command/explain_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "src/command/quoted.h"

static void put_key(const char *separator, const char *key)
{
	printf("%s\"%s\": ", separator, key);
}

static void put_member(const char *key, const char *value)
{
	put_key(",\n ", key);
	if (value)
		quoted_put_json(value);
	else
		fputs("null", stdout);
}

static void put_source(const struct plan *plan)
{
	const struct source *source = &plan->source;
	put_key(",\n ", "source");
	put_key("{", "name");
	quoted_put_json(plan->source_name);
	put_key(", ", "type");
	quoted_put_json(media_name(source->sniff.type));
	printf(", \"bytes\": %" PRIu64, source->size);
	if (source->sniff.width)
		printf(", \"width\": %" PRIu64 ", \"height\": %" PRIu64, source->sniff.width,
			source->sniff.height);
	putchar('}');
}

static void put_values(const struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	put_key(",\n ", "values");
	putchar('{');
	for (size_t i = 0; i < recipe->param_count; i++) {
		put_key(i ? ", " : "", recipe->params[i].name);
		if (plan->values[i].present)
			quoted_put_json(plan->values[i].canonical);
		else
			fputs("null", stdout);
	}
	putchar('}');
}

static void put_programs(const struct recipe *recipe, const struct template_argv *argv)
{
	put_key(",\n ", "programs");
	putchar('[');
	for (size_t i = 0; i < argv->program_count; i++) {
		put_key(i ? ",\n  {" : "{", "path");
		if (recipe->program_paths[i])
			quoted_put_json(recipe->program_paths[i]);
		else
			fputs("null", stdout);
		put_key(", ", "argv");
		for (char **argument = argv->programs[i].argv; *argument; argument++) {
			fputs(argument == argv->programs[i].argv ? "[" : ", ", stdout);
			quoted_put_json(*argument);
		}
		fputs("]}", stdout);
	}
	putchar(']');
}

void explain_json_put(const char *url, enum outcome outcome, const struct plan *plan,
	const struct template_argv *argv)
{
	const struct recipe *recipe = plan->recipe;
	put_key("{", "url");
	quoted_put_json(url);
	put_key(",\n ", "status");
	printf("%d", outcome_status(outcome));
	if (outcome != OUTCOME_OK)
		put_member("error", plan->message);
	if (outcome != OUTCOME_OK)
		put_member("reason", plan->reason);
	if (recipe)
		put_member("recipe", recipe->name);
	if (argv) {
		put_member("path", pattern_text(recipe->path));
		put_source(plan);
		put_values(plan);
		put_member("type", recipe_media_type(recipe, plan->values));
		put_key(",\n ", "negotiated");
		fputs(plan->negotiated ? "true" : "false", stdout);
		put_member("response", recipe->response == RECIPE_LIVE ? "live" : "whole");
		put_programs(recipe, argv);
	}
	puts("}");
}

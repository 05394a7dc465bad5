/* SPDX-License-Identifier: MIT */
/* The argv is quoted for a shell, so that it can be tried by hand: append `3< source`. */
#include "src/command/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/command/refusal.h"
#include "src/plan/plan.h"

static void print_quoted(const char *argument)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "%+,-./:=@_^";
	if (*argument && strspn(argument, safe) == strlen(argument)) {
		fputs(argument, stdout);
		return;
	}
	putchar('\'');
	for (; *argument; argument++) {
		if (*argument == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*argument);
	}
	putchar('\'');
}

static void print_values(const struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	for (size_t i = 0; i < recipe->param_count; i++) {
		printf("value     %s = ", recipe->params[i].name);
		if (plan->values[i].present)
			print_quoted(plan->values[i].canonical);
		else
			fputs("(absent)", stdout);
		putchar('\n');
	}
}

static int print_plan(const struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	const struct source *source = &plan->source;
	struct template_argv *argv = malloc(sizeof *argv);
	if (!argv || plan_argv(plan, "$TMPDIR/output", argv) < 0) {
		fputs("sluice: the arguments are too long\n", stderr);
		free(argv);
		return COMMAND_FAILED;
	}
	printf("recipe    %s\n", recipe->name);
	printf("source    ");
	print_quoted(plan->source_name);
	printf(" (%s, %" PRIu64 " bytes", media_name(source->sniff.type), source->size);
	if (source->sniff.width)
		printf(", %" PRIu64 "x%" PRIu64, source->sniff.width, source->sniff.height);
	printf(")\n");
	print_values(plan);
	printf("type      %s%s\n", recipe_media_type(recipe, plan->values),
		plan->negotiated ? " (negotiated)" : "");
	printf("response  %s\n", recipe->response == RECIPE_LIVE ? "live" : "whole");
	for (size_t i = 0; i < argv->program_count; i++) {
		printf("program   %s\n",
			recipe->program_paths[i] ? recipe->program_paths[i] : "(not found)");
		printf("argv     ");
		for (char **argument = argv->programs[i].argv; *argument; argument++) {
			putchar(' ');
			print_quoted(*argument);
		}
		putchar('\n');
	}
	free(argv);
	return 0;
}

int explain_run(const struct command_line *line)
{
	struct config *config = command_line_load(line);
	struct plan *plan = config ? malloc(sizeof *plan) : NULL;
	int status = COMMAND_FAILED;
	if (plan) {
		enum outcome outcome = plan_make(
			plan, config, "GET", line->operands[0], command_line_accept(line));
		if (outcome == OUTCOME_OK)
			status = print_plan(plan);
		else
			refusal_print(plan, outcome, stderr);
		plan_clear(plan);
	}
	free(plan);
	config_unref(config);
	return status;
}

/* SPDX-License-Identifier: MIT */
/* The argv are for reading: one line for each program, and data that stand in an argument are cut.
 * The line `shell` is for pasting: all programs, whole, with the source as descriptor 3. */
#include "src/command/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/command/explain_json.h"
#include "src/command/quoted.h"
#include "src/command/refusal.h"
#include "src/daemon/user.h"
#include "src/plan/plan.h"

static void print_values(const struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	for (size_t i = 0; i < recipe->param_count; i++) {
		printf("value     %s = ", recipe->params[i].name);
		if (plan->values[i].present)
			quoted_put_shell(plan->values[i].canonical);
		else
			fputs("(absent)", stdout);
		putchar('\n');
	}
}

static void print_source(const struct plan *plan)
{
	const struct source *source = &plan->source;
	printf("source    ");
	quoted_put_shell(plan->source_name);
	printf(" (%s, %" PRIu64 " bytes", media_name(source->sniff.type), source->size);
	if (source->sniff.width)
		printf(", %" PRIu64 "x%" PRIu64, source->sniff.width, source->sniff.height);
	printf(")\n");
}

/* `3</srv/media/photo.jpg` */
static void print_redirection(const struct plan *plan, const char *operator)
{
	printf(" %s", operator);
	size_t size = strlen(plan->config->root) + strlen(plan->source_name) + 2;
	char *path = malloc(size);
	if (path) {
		snprintf(path, size, "%s/%s", plan->config->root,
			plan->source_name + strspn(plan->source_name, "/"));
		quoted_put_shell(path);
	}
	free(path);
}

/* {output} is a file in the working directory here. */
static void print_shell(const struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	struct template_argv *argv = malloc(sizeof *argv);
	if (argv && plan_argv(plan, "./output", argv) == 0) {
		fputs("shell    ", stdout);
		for (size_t i = 0; i < argv->program_count; i++) {
			char **arguments = argv->programs[i].argv;
			fputs(i ? " | " : " ", stdout);
			quoted_put_shell(
				recipe->program_paths[i] ? recipe->program_paths[i] : arguments[0]);
			for (char **argument = arguments + 1; *argument; argument++) {
				putchar(' ');
				quoted_put_shell(*argument);
			}
			if (argv->programs[i].uses_source)
				print_redirection(plan, "3<");
			if (i == 0 && recipe->stdin_source)
				print_redirection(plan, "<");
		}
		putchar('\n');
	}
	free(argv);
}

static void print_plan(const struct plan *plan, const struct template_argv *argv)
{
	const struct recipe *recipe = plan->recipe;
	printf("recipe    %s\n", recipe->name);
	print_source(plan);
	print_values(plan);
	bool known = recipe_knows_type(recipe, plan->values);
	printf("type      %s%s\n",
		known || recipe->response == RECIPE_LIVE ? recipe_media_type(recipe, plan->values)
							 : "as the result's content shows",
		plan->negotiated ? " (negotiated)" : "");
	printf("response  %s\n", recipe->response == RECIPE_LIVE ? "live" : "whole");
	for (size_t i = 0; i < argv->program_count; i++) {
		printf("program   %s\n",
			recipe->program_paths[i] ? recipe->program_paths[i] : "(not found)");
		printf("argv     ");
		for (char **argument = argv->programs[i].argv; *argument; argument++) {
			putchar(' ');
			quoted_put_short(*argument);
		}
		putchar('\n');
	}
	print_shell(plan);
}

static int explain(const struct command_line *line, enum outcome outcome, const struct plan *plan)
{
	const char *url = line->operands[0];
	struct template_argv *argv = outcome == OUTCOME_OK ? malloc(sizeof *argv) : NULL;
	if (outcome == OUTCOME_OK && (!argv || plan_argv(plan, "$TMPDIR/output", argv) < 0)) {
		fputs("sluice: the arguments are too long\n", stderr);
		free(argv);
		return COMMAND_FAILED;
	}
	if (line->json)
		explain_json_put(url, outcome, plan, argv);
	else if (argv)
		print_plan(plan, argv);
	else
		refusal_print(plan, outcome, stderr);
	free(argv);
	return outcome == OUTCOME_OK ? COMMAND_GOOD : COMMAND_FAILED;
}

int explain_run(const struct command_line *line)
{
	struct config *config = command_line_load(line);
	/* The daemon's user may not read what root may, and files of strangers are read here. */
	bool ready = config && (!config->user || user_become_alone(config) == 0);
	struct plan *plan = ready ? malloc(sizeof *plan) : NULL;
	int status = COMMAND_FAILED;
	if (plan) {
		enum outcome outcome = plan_make(
			plan, config, "GET", line->operands[0], command_line_accept(line));
		status = explain(line, outcome, plan);
		plan_clear(plan);
	}
	free(plan);
	config_unref(config);
	return status;
}

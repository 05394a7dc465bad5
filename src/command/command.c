/* SPDX-License-Identifier: MIT */
/* All that the program knows about a command is one row of the table; the usage text and the checks
 * of the command line come from it. */
#include "src/command/command.h"

#include <stdio.h>
#include <string.h>

#include "spawn/first_process.h"
#include "src/command/ask.h"
#include "src/command/cache.h"
#include "src/command/check.h"
#include "src/command/command_line.h"
#include "src/command/explain.h"
#include "src/command/recipes.h"
#include "src/command/render.h"
#include "src/command/train.h"
#include "src/config/values.h"
#include "src/daemon/rights.h"
#include "src/daemon/server.h"

enum { ANY = -1, NAME_WIDTH = 9 };

static int help_run(const struct command_line *line);
static int serve_run(const struct command_line *line);

/* options: the keys of command_line.c, for the usage text and for the check. */
static const struct command {
	const char *name;
	int (*run)(const struct command_line *line);
	const char *options, *operands; /* of the usage text */
	int min, max;			/* operands; max ANY: without a bound */
	const char *help;
} commands[] = {
	{"explain", explain_run, "cH2", "URL", 1, 1,
		"print the recipe, the values, the source and the arguments; run nothing"},
	{"render", render_run, "cHo", "URL", 1, 1,
		"convert without a web server: the body goes to standard output"},
	{"check", check_run, "cH", "URL...", 1, ANY,
		"convert each URL and print its status; 0 if all are good, 4 or 5 for 4xx, 5xx"},
	{"recipes", recipes_run, "c2", "", 0, 0,
		"list the recipes: paths, sources, parameters and what these accept"},
	{"train", train_run, "c", "[URL...]", 0, ANY,
		"run recipes on samples and print `preload` lines for them"},
	{"status", ask_status_run, "cs", "[text | json | openmetrics | html]", 0, 1,
		"print what the running daemon does"},
	{"health", ask_health_run, "cs", "", 0, 0, "exit with 0 if the running daemon can serve"},
	{"cache", cache_run, "csH3", "ls | stat | purge [PATTERN] | verify | warm URL...", 0, ANY,
		"list, count, remove, check or make the results in the cache"},
	{"help", help_run, "", "[COMMAND]", 0, 1, "print this text, or that of a command"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

/* Without a command. */
static const struct command serve = {"", serve_run, "cs1tT", "", 0, 0, "serve in the foreground"};

static void print_usage(void)
{
	fputs("usage: sluice [-c FILE] [-s SOCKET]   serve in the foreground\n"
	      "       sluice -t [-c FILE]            check the configuration\n"
	      "       sluice COMMAND [OPTION...] [OPERAND...]\n\ncommands:\n",
		stdout);
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-*s%s\n", NAME_WIDTH, commands[i].name, commands[i].help);
	fputs("\noptions:\n", stdout);
	command_line_print_options(serve.options, stdout);
	command_line_print_options("hV", stdout);
	fputs("\nsluice COMMAND --help and sluice(8) tell more.\n", stdout);
}

static void print_usage_of(const struct command *command)
{
	printf("usage: sluice %s", command->name);
	command_line_print_synopsis(command->options, stdout);
	printf("%s%s\n\n%s\n\noptions:\n", *command->operands ? " " : "", command->operands,
		command->help);
	command_line_print_options(command->options, stdout);
	command_line_print_options("h", stdout);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static int refuse_command(const struct command_line *line, const char *name)
{
	const char *names[COMMANDS + 1] = {0};
	struct command_line none = *line;
	none.command = NULL;
	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	const char *nearest = config_nearest(name, names);
	if (nearest)
		return command_line_refuse(
			&none, "there is no command %.40s: did you mean %s?", name, nearest);
	if (strpbrk(name, "./"))
		return command_line_refuse(
			&none, "there is no command %.60s: a configuration is given with -c", name);
	return command_line_refuse(&none, "there is no command %.40s", name);
}

static int help_run(const struct command_line *line)
{
	if (line->operand_count == 0) {
		print_usage();
		return COMMAND_GOOD;
	}
	const struct command *command = find(line->operands[0]);
	if (!command)
		return refuse_command(line, line->operands[0]);
	print_usage_of(command);
	return COMMAND_GOOD;
}

static int check_config(const struct command_line *line)
{
	struct config *config = command_line_load(line);
	if (!config)
		return COMMAND_FAILED;
	bool good = rights_check(config, line->socket, stderr);
	if (line->print)
		config_print(config, stdout);
	else if (good)
		fprintf(stderr, "%s: good, %zu recipe%s\n", line->config, config->recipe_count,
			config->recipe_count == 1 ? "" : "s");
	config_unref(config);
	return good ? COMMAND_GOOD : COMMAND_FAILED;
}

static int serve_run(const struct command_line *line)
{
	bool checks = line->check || line->print;
	if (checks && line->take_over)
		return command_line_refuse(line, "--take-over is for the daemon only");
	if (checks)
		return check_config(line);
	struct config *config = command_line_load(line);
	if (!config)
		return COMMAND_FAILED;
	first_process_split();
	return server_run(config, line->socket, line->take_over);
}

static int dispatch(const struct command *command, const struct command_line *line)
{
	const char *name = *command->name ? command->name : "the daemon";
	const char *surplus = command_line_surplus(line, command->options);
	if (surplus)
		return command_line_refuse(line, "%s takes no %s", name, surplus);
	if (line->operand_count < command->min)
		return command_line_refuse(line, "%s: %s is missing", name, command->operands);
	if (command->max != ANY && line->operand_count > command->max)
		return command_line_refuse(line, "%s: %.60s is too much: there %s", name,
			line->operands[command->max],
			command->max ? "may be one operand" : "may be no operand");
	return command->run(line);
}

int command_main(int argc, char **argv)
{
	struct command_line line;
	int status = command_line_parse(argc, argv, &line);
	if (status != COMMAND_GOOD)
		return status;
	const struct command *command = line.command ? find(line.command) : &serve;
	if (!command)
		return refuse_command(&line, line.command);
	if (line.version) {
		puts("sluice " SLUICE_VERSION);
	} else if (line.help) {
		if (command == &serve)
			print_usage();
		else
			print_usage_of(command);
	} else {
		status = dispatch(command, &line);
	}
	return status;
}

/* SPDX-License-Identifier: MIT */
/* All that the program knows about a command is one row of the table; the usage text and the checks
 * of the command line come from it. */
#include "src/command/command.h"

#include <stdio.h>
#include <string.h>

#include "src/command/ask.h"
#include "src/command/cache.h"
#include "src/command/command_line.h"
#include "src/command/explain.h"
#include "src/command/render.h"
#include "src/command/train.h"
#include "src/daemon/server.h"

enum { ANY = -1 };

static const struct command {
	const char *name;
	int (*run)(const struct command_line *line);
	const char *options, *operands; /* of the usage text */
	int min, max;			/* operands; max ANY: without a bound */
	const char *help;
} commands[] = {
	{"explain", explain_run, "cH", "URL", 1, 1,
		"print the recipe, the values, the source and the arguments; run nothing"},
	{"render", render_run, "cH", "URL", 1, 1,
		"convert without a web server: the body goes to standard output"},
	{"train", train_run, "c", "[URL...]", 0, ANY,
		"run recipes on samples and print `preload` lines for them"},
	{"status", ask_status_run, "cs", "[text | json | openmetrics | html]", 0, 1,
		"print what the running daemon does"},
	{"health", ask_health_run, "cs", "", 0, 0, "exit with 0 if the running daemon can serve"},
	{"cache", cache_run, "csH",
		"ls | stat | purge [--source NAME | PATTERN] | verify | warm URL...", 0, ANY,
		"list, count, remove, check or make the results in the cache"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
	fputs("usage: sluice", out);
	command_line_print_synopsis("cs", out);
	fputs(" [--take-over]\n"
	      "         serve in the foreground\n"
	      "       sluice -t | -T [-c FILE]\n"
	      "         check the configuration\n",
		out);
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *command = &commands[i];
		fprintf(out, "       sluice %s", command->name);
		command_line_print_synopsis(command->options, out);
		fprintf(out, "%s%s\n         %s\n", *command->operands ? " " : "",
			command->operands, command->help);
	}
	fputs("       sluice -h | -V\n\noptions:\n", out);
	command_line_print_options(out);
	fputs("\nsignals:\n"
	      "  TERM, INT    stop when the running requests have finished;\n"
	      "               the second one stops at once\n"
	      "  HUP          read the configuration again\n"
	      "  USR1         open the log again\n",
		out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static int check_config(const struct command_line *line)
{
	struct config *config = command_line_load(line);
	if (!config)
		return COMMAND_FAILED;
	if (line->print)
		config_print(config, stdout);
	else
		fprintf(stderr, "%s: good, %zu recipes\n", line->config, config->recipe_count);
	config_unref(config);
	return COMMAND_GOOD;
}

static int serve(const struct command_line *line)
{
	if (line->check || line->print)
		return check_config(line);
	struct config *config = command_line_load(line);
	return config ? server_run(config, line->socket, line->take_over) : COMMAND_FAILED;
}

static int dispatch(const struct command *command, const struct command_line *line)
{
	int min = command ? command->min : 0, max = command ? command->max : 0;
	if (line->take_over && (command || line->check || line->print))
		return command_line_refuse("--take-over is for the daemon only");
	if (line->operand_count < min)
		return command_line_refuse("an operand is missing");
	if (max != ANY && line->operand_count > max)
		return command_line_refuse("there are too many operands");
	return command ? command->run(line) : serve(line);
}

int command_main(int argc, char **argv)
{
	struct command_line line;
	const struct command *command = NULL;
	int status = COMMAND_GOOD;
	if (argc > 1 && argv[1][0] != '-') {
		command = find(argv[1]);
		if (!command)
			status = command_line_refuse("there is no such command");
		argv[1] = argv[0];
		argc--;
		argv++;
	}
	if (status == COMMAND_GOOD)
		status = command_line_parse(argc, argv, &line);
	if (status == COMMAND_GOOD && line.help)
		print_usage(stdout);
	else if (status == COMMAND_GOOD && line.version)
		puts("sluice " SLUICE_VERSION);
	else if (status == COMMAND_GOOD)
		status = dispatch(command, &line);
	if (status == COMMAND_USAGE)
		print_usage(stderr);
	return status;
}

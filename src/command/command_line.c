/* SPDX-License-Identifier: MIT */
#include "src/command/command_line.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* A new option is one row here. Its value goes to a member of struct command_line: a const char *
 * when it takes an argument, else a bool. */
static const struct row {
	char letter;	       /* '\0': it has only a long name */
	const char *long_name; /* NULL: it has only a letter */
	const char *argument;  /* NULL: it takes none */
	size_t member;
	const char *help; /* a second line follows "\n" */
} rows[] = {
	{'c', NULL, "FILE", offsetof(struct command_line, config),
		"the configuration (default " SLUICE_CONFIG_FILE ")"},
	{'s', NULL, "SOCKET", offsetof(struct command_line, socket),
		"listen on this socket, or ask the daemon there:\n"
		"unix:PATH, tcp:HOST:PORT or tcp6:[ADDR]:PORT"},
	{'\0', "take-over", NULL, offsetof(struct command_line, take_over),
		"take the sockets of the daemon that listens there, without\n"
		"losing a request; if there is none, just start"},
	{'H', NULL, "FIELD", offsetof(struct command_line, field),
		"a header field of the request: only \"Accept: TYPE\" matters"},
	{'\0', "source", "NAME", offsetof(struct command_line, source),
		"cache purge: the results of this source"},
	{'t', NULL, NULL, offsetof(struct command_line, check), "check the configuration"},
	{'T', NULL, NULL, offsetof(struct command_line, print),
		"check the configuration and print it with all defaults"},
	{'h', NULL, NULL, offsetof(struct command_line, help), "print this text"},
	{'V', NULL, NULL, offsetof(struct command_line, version), "print the version"},
};

enum { ROWS = sizeof rows / sizeof *rows, FIRST_LONG = 256, INDENT = 15 };

static void set(struct command_line *line, const struct row *row, const char *value)
{
	char *member = (char *)line + row->member;
	if (row->argument)
		*(const char **)member = value;
	else
		*(bool *)member = true;
}

/* The table in the form that getopt_long takes. */
static void translate(char letters[2 * ROWS + 1], struct option long_options[ROWS + 1])
{
	size_t long_count = 0;
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].letter)
			*letters++ = rows[i].letter;
		if (rows[i].letter && rows[i].argument)
			*letters++ = ':';
		if (rows[i].long_name)
			long_options[long_count++] = (struct option){rows[i].long_name,
				rows[i].argument ? required_argument : no_argument, NULL,
				FIRST_LONG + (int)i};
	}
	*letters = '\0';
}

static const struct row *find(int option)
{
	if (option >= FIRST_LONG)
		return &rows[option - FIRST_LONG];
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter == option)
			return &rows[i];
	return NULL;
}

int command_line_parse(int argc, char **argv, struct command_line *line)
{
	char letters[2 * ROWS + 1];
	struct option long_options[ROWS + 1] = {0};
	translate(letters, long_options);
	*line = (struct command_line){.config = SLUICE_CONFIG_FILE};
	int option;
	while (!line->help && !line->version &&
		(option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct row *row = find(option);
		if (!row)
			return COMMAND_USAGE; /* getopt_long has written why */
		set(line, row, optarg);
	}
	line->operands = argv + optind;
	line->operand_count = argc - optind;
	return COMMAND_GOOD;
}

void command_line_print_options(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		char name[32];
		if (rows[i].letter)
			snprintf(name, sizeof name, "-%c %s", rows[i].letter,
				rows[i].argument ? rows[i].argument : "");
		else
			snprintf(name, sizeof name, "--%s %s", rows[i].long_name,
				rows[i].argument ? rows[i].argument : "");
		const char *help = rows[i].help, *end;
		fprintf(out, "  %-*s", INDENT - 2, name);
		for (; (end = strchr(help, '\n')); help = end + 1)
			fprintf(out, "%.*s\n%*s", (int)(end - help), help, INDENT, "");
		fprintf(out, "%s\n", help);
	}
}

void command_line_print_synopsis(const char *letters, FILE *out)
{
	for (; *letters; letters++)
		fprintf(out, " [-%c %s]", *letters, find(*letters)->argument);
}

int command_line_refuse(const char *message)
{
	fprintf(stderr, "sluice: %s\n", message);
	return COMMAND_USAGE;
}

const char *command_line_accept(const struct command_line *line)
{
	static const char name[] = "Accept:";
	if (!line->field || strncasecmp(line->field, name, sizeof name - 1) != 0)
		return NULL;
	const char *value = line->field + sizeof name - 1;
	return value + strspn(value, " \t");
}

struct config *command_line_load(const struct command_line *line)
{
	struct config *config = NULL;
	return config_load(line->config, stderr, &config) == 0 ? config : NULL;
}

const char *command_line_address(const struct command_line *line, const struct config *config)
{
	const char *address = line->socket;
	if (!address && config)
		address = config->listen;
	if (!address)
		fputs("sluice: the configuration has no `listen`: give the socket with -s\n",
			stderr);
	return address;
}

/* SPDX-License-Identifier: MIT */
#include "src/command/command_line.h"

#include <assert.h>
#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/installed.h"

/* The installed configuration. It depends on where the program is, so it is found at the start. */
static char default_config[PATH_MAX];

/* A new option is one row here, and its key in the rows of the commands that know it (command.c).
 * Its value goes to a member of struct command_line: a const char * when it takes an argument, else
 * a bool. */
static const struct row {
	char key;	       /* the letter; a digit: it has only a long name */
	const char *long_name; /* NULL: it has only a letter */
	const char *argument;  /* NULL: it takes none */
	size_t member;
	const char *help; /* a second line follows "\n" */
} rows[] = {
	{'c', NULL, "FILE", offsetof(struct command_line, config), "the configuration"},
	{'s', NULL, "SOCKET", offsetof(struct command_line, socket),
		"listen on this socket, or ask the daemon there:\n"
		"unix:PATH or /PATH, tcp:HOST:PORT, tcp6:[ADDR]:PORT"},
	{'1', "take-over", NULL, offsetof(struct command_line, take_over),
		"take the sockets of the daemon that listens there, without\n"
		"losing a request; if there is none, just start"},
	{'H', NULL, "FIELD", offsetof(struct command_line, field),
		"a header field of the request: \"Accept: TYPE\""},
	{'o', "output", "FILE", offsetof(struct command_line, output),
		"write the body to this file, when it is complete"},
	{'3', "source", "NAME", offsetof(struct command_line, source),
		"purge the results of this source"},
	{'2', "json", NULL, offsetof(struct command_line, json), "print JSON"},
	{'t', NULL, NULL, offsetof(struct command_line, check), "check the configuration"},
	{'T', NULL, NULL, offsetof(struct command_line, print),
		"check the configuration and print it with all defaults"},
	{'h', "help", NULL, offsetof(struct command_line, help), "print this text"},
	{'V', "version", NULL, offsetof(struct command_line, version), "print the version"},
};

enum { ROWS = sizeof rows / sizeof *rows, FIRST_LONG = 256, INDENT = 20 };
static_assert(sizeof rows / sizeof *rows <= (size_t)COMMAND_LINE_OPTIONS,
	"the array `given` is too small");

static bool has_letter(const struct row *row)
{
	return row->key > '9';
}

static void set(struct command_line *line, const struct row *row, const char *value)
{
	char *member = (char *)line + row->member;
	if (row->argument)
		*(const char **)member = value;
	else
		*(bool *)member = true;
	if (!strchr(line->given, row->key))
		strncat(line->given, &row->key, 1);
}

/* The table in the form that getopt_long takes. */
static void translate(char letters[2 * ROWS + 2], struct option long_options[ROWS + 1])
{
	size_t long_count = 0;
	*letters++ = ':'; /* a missing argument is told from an unknown option */
	for (size_t i = 0; i < ROWS; i++) {
		if (has_letter(&rows[i]))
			*letters++ = rows[i].key;
		if (has_letter(&rows[i]) && rows[i].argument)
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
		if (rows[i].key == option)
			return &rows[i];
	return NULL;
}

/* As a user writes it: "-c" or "--json". */
static const char *put_name(const struct row *row, char name[32])
{
	if (has_letter(row))
		snprintf(name, 32, "-%c", row->key);
	else
		snprintf(name, 32, "--%s", row->long_name);
	return name;
}

/* getopt_long has returned '?' or ':'. */
static int refuse_option(const struct command_line *line, int returned, char *const *argv)
{
	char name[32];
	const struct row *row = find(optopt);
	if (returned == ':' && row)
		return command_line_refuse(
			line, "%s: %s is missing", argv[optind - 1], row->argument);
	if (row && optopt >= FIRST_LONG)
		return command_line_refuse(line, "--%s takes no value", row->long_name);
	if (!optopt)
		return command_line_refuse(line, "there is no option %.60s", argv[optind - 1]);
	snprintf(name, sizeof name, "-%c", optopt);
	return command_line_refuse(line, "there is no option %s", name);
}

/* A bare path is the path of a Unix socket. */
static int complete_address(struct command_line *line)
{
	if (!line->socket || line->socket[0] != '/')
		return COMMAND_GOOD;
	int n = snprintf(line->address, sizeof line->address, "unix:%s", line->socket);
	if (n >= (int)sizeof line->address)
		return command_line_refuse(line, "-s: the path is too long");
	line->socket = line->address;
	return COMMAND_GOOD;
}

int command_line_parse(int argc, char **argv, struct command_line *line)
{
	char letters[2 * ROWS + 2];
	struct option long_options[ROWS + 1] = {0};
	translate(letters, long_options);
	installed_find(INSTALLED_CONFIG, default_config);
	*line = (struct command_line){.config = default_config};
	/* For messages, until it is known for sure. */
	if (argc > 1 && isalpha((unsigned char)argv[1][0]) && strlen(argv[1]) < 16)
		line->command = argv[1];
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct row *row = option == '?' || option == ':' ? NULL : find(option);
		if (!row)
			return refuse_option(line, option, argv);
		set(line, row, optarg);
	}
	line->operands = argv + optind;
	line->operand_count = argc - optind;
	if (line->operand_count > 0) {
		line->command = *line->operands++;
		line->operand_count--;
	}
	if (line->field && !command_line_accept(line))
		return command_line_refuse(line, "-H: only \"Accept: TYPE\" has a meaning");
	return complete_address(line);
}

void command_line_print_options(const char *keys, FILE *out)
{
	for (; *keys; keys++) {
		const struct row *row = find(*keys);
		char letter[32], name[80];
		put_name(row, letter);
		snprintf(name, sizeof name, "%s%s%s%s%s", letter,
			has_letter(row) && row->long_name ? ", --" : "",
			has_letter(row) && row->long_name ? row->long_name : "",
			row->argument ? " " : "", row->argument ? row->argument : "");
		const char *help = row->help, *end;
		fprintf(out, "  %-*s ", INDENT - 3, name);
		for (; (end = strchr(help, '\n')); help = end + 1)
			fprintf(out, "%.*s\n%*s", (int)(end - help), help, INDENT, "");
		fprintf(out, "%s\n", help);
		if (row->member == offsetof(struct command_line, config))
			fprintf(out, "%*s(default %s)\n", INDENT, "", default_config);
	}
}

void command_line_print_synopsis(const char *keys, FILE *out)
{
	for (; *keys; keys++) {
		const struct row *row = find(*keys);
		char name[32];
		fprintf(out, " [%s%s%s]", put_name(row, name), row->argument ? " " : "",
			row->argument ? row->argument : "");
	}
}

const char *command_line_surplus(const struct command_line *line, const char *keys)
{
	static char name[32];
	for (const char *key = line->given; *key; key++)
		if (!strchr(keys, *key))
			return put_name(find(*key), name);
	return NULL;
}

int command_line_refuse(const struct command_line *line, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	/* What was typed stands in it: it stays one line, and the terminal obeys none of it. */
	for (char *at = message; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
	fprintf(stderr, "sluice: %s (see sluice %s%s--help)\n", message,
		line->command ? line->command : "", line->command ? " " : "");
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

struct config *command_line_load_blind(const struct command_line *line)
{
	struct config *config = NULL;
	return config_load_blind(line->config, stderr, &config) == 0 ? config : NULL;
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

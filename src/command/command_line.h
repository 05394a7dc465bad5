/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_COMMAND_LINE_H
#define SRC_COMMAND_COMMAND_LINE_H

/*
 * The options and operands of the command line, read by one table. Main thread.
 */

#include <stdbool.h>
#include <stdio.h>

#include "src/config/config.h"

/* The exit statuses of all commands. */
enum { COMMAND_GOOD, COMMAND_FAILED, COMMAND_USAGE };

enum { COMMAND_LINE_OPTIONS = 16, COMMAND_LINE_ADDRESS = 4096 };

/* Everything else is borrowed from argv. */
struct command_line {
	const char *command; /* the name of the command, known or not; NULL: none */
	const char *config;  /* -c; never NULL */
	const char *socket;  /* -s, with its kind; NULL: not given */
	const char *field;   /* -H; NULL: not given */
	const char *source;  /* --source; NULL: not given */
	const char *output;  /* -o; NULL: not given */
	bool check, print, take_over, json, help, version;
	char *const *operands;
	int operand_count;
	char given[COMMAND_LINE_OPTIONS + 1]; /* the keys of the options that were given */
	char address[COMMAND_LINE_ADDRESS];   /* of socket, when that was a bare path */
};

/* Reads argv: options and operands in any order; the first operand is the command. Returns
 * COMMAND_GOOD, or COMMAND_USAGE with the reason on stderr. */
int command_line_parse(int argc, char **argv, struct command_line *line);

/* An option has a key: its letter, or a digit when it has only a long name. */

/* Writes one line for each option with one of these keys. */
void command_line_print_options(const char *keys, FILE *out);
/* Writes " [-c FILE]" for each of these keys. */
void command_line_print_synopsis(const char *keys, FILE *out);
/* The name of the first option that was given and is not among these keys, or NULL. */
const char *command_line_surplus(const struct command_line *line, const char *keys);

/* Writes "sluice: MESSAGE (see sluice [COMMAND] --help)" to stderr and returns COMMAND_USAGE. */
int command_line_refuse(const struct command_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The value of the Accept field that -H gives, or NULL. */
const char *command_line_accept(const struct command_line *line);

/* Reads the configuration. Returns a reference, or NULL with the errors on stderr. */
struct config *command_line_load(const struct command_line *line);
/* The same to ask a running daemon: without a look at the directories, which may hang. */
struct config *command_line_load_blind(const struct command_line *line);

/* The address of the daemon: that of -s, else that of the configuration, which may be NULL when -s
 * is given. Returns NULL with an error on stderr when there is none. */
const char *command_line_address(const struct command_line *line, const struct config *config);

#endif

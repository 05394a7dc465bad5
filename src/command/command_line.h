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

/* Everything is borrowed from argv. */
struct command_line {
	const char *config; /* -c; never NULL */
	const char *socket; /* -s; NULL: not given */
	const char *field;  /* -H; NULL: not given */
	const char *source; /* --source; NULL: not given */
	bool check, print, take_over, help, version;
	char *const *operands;
	int operand_count;
};

/* Reads argv[1] and what follows. Stops at -h and -V. Returns COMMAND_GOOD, or COMMAND_USAGE with
 * the reason on stderr. */
int command_line_parse(int argc, char **argv, struct command_line *line);

/* Writes one line for each option, for the usage text. */
void command_line_print_options(FILE *out);
/* Writes " [-c FILE]" for each of these letters. */
void command_line_print_synopsis(const char *letters, FILE *out);

/* Writes "sluice: MESSAGE" to stderr and returns COMMAND_USAGE. */
int command_line_refuse(const char *message);

/* The value of an Accept field that -H gives, or NULL. Other fields have no meaning here. */
const char *command_line_accept(const struct command_line *line);

/* Reads the configuration. Returns a reference, or NULL with the errors on stderr. */
struct config *command_line_load(const struct command_line *line);

/* The address of the daemon: that of -s, else that of the configuration, which may be NULL when -s
 * is given. Returns NULL with an error on stderr when there is none. */
const char *command_line_address(const struct command_line *line, const struct config *config);

#endif

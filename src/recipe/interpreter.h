/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_INTERPRETER_H
#define SRC_RECIPE_INTERPRETER_H

/* Programs that take the text of a program as an argument, or start another program that stands
 * behind them: one table. Pure, any thread. */

#include <stdbool.h>
#include <stddef.h>

enum {
	INTERPRETER_SHELL = 1,	  /* -o and -O within other letters take the next argument */
	INTERPRETER_OPERAND = 2,  /* the first operand is the text, unless an option has it */
	INTERPRETER_OPERANDS = 4, /* every operand is text */
	INTERPRETER_SCRIPT = 8,	  /* the first operand names the program, unless an option has it */
	INTERPRETER_PERMUTES = 16,    /* options may stand behind operands */
	INTERPRETER_NUMBERS_FIT = 32, /* only what is of type text is a danger within the text */
	INTERPRETER_LAUNCHES = 64,    /* an operand is another program */
	INTERPRETER_ASSIGNS = 128,    /* NAME=value before that is no operand */
};

/* Lists of names are separated by blanks. A name that ends with '*' stands for all that begin so. A
 * long option may end with a digit: so many arguments behind it are its value. */
struct interpreter {
	const char *names;
	unsigned flags;
	const char *texts;	/* letters of options whose value is text, or names its file */
	const char *long_texts; /* long options, likewise */
	const char *values;	/* letters of other options with a value */
	const char *attached;	/* letters of options that end a word, with a value or without */
	const char *long_values;
	unsigned before;    /* INTERPRETER_LAUNCHES: so many operands stand before the program */
	const char *remedy; /* where a value can stand instead */
};

/* The row of the program with that path, or NULL. */
const struct interpreter *interpreter_find(const char *path);
/* How many arguments behind the long option are its value. -1: it is not in the list. length: of
 * the option, up to its '='. */
int interpreter_option(const char *list, const char *option, size_t length);

#endif

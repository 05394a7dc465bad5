/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PROGRAM_TEXT_H
#define SRC_RECIPE_PROGRAM_TEXT_H

/* A parameter within the text of a program is the one way in which a value from a client could
 * become a command. Pure, any thread. */

#include <stdbool.h>
#include <stddef.h>

#include "src/recipe/template.h"

enum { PROGRAM_TEXT_MESSAGE_MAX = 256 };

/* Looks through the arguments of one of the template's programs. False when a parameter stands
 * within a program text, or chooses a program that another one starts. Then *element is the number
 * of the argument, counted over all programs without "|", "[" and "]", and message has a line. */
bool program_text_check(const struct template *template, size_t program, const struct param *params,
	size_t *element, char message[PROGRAM_TEXT_MESSAGE_MAX]);

#endif

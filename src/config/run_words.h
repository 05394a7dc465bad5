/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_RUN_WORDS_H
#define SRC_CONFIG_RUN_WORDS_H

/* What is written into `run` by those who have a shell in mind, and holes that are misspelt. */

#include "src/config/reader.h"

/* A whole command in one element. Reports it; false: the template need not be looked at. */
bool config_check_words(const struct config_reader *reader, const struct recipe *recipe);
/* Elements that only a shell understands: warnings. */
void config_warn_of_shell(const struct config_reader *reader, const struct recipe *recipe);
/* A program's source as scripts write it, or NULL: then no element has any. */
const char *config_foreign_source(const struct recipe *recipe);
/* Appends to a message of template_new about an unknown parameter what was likely meant. */
void config_suggest_hole(const struct recipe *recipe, char message[CONFIG_MESSAGE_MAX]);

#endif

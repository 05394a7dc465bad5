/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_DIRECTORY_H
#define SRC_CONFIG_DIRECTORY_H

#include "src/config/reader.h"

/* The absolute path of the directory that the file lies in, allocated; NULL without memory. */
char *config_directory_of(struct config_report *report, const char *file);

/* Replaces {config_dir}, the directory of the section's file, in each text of the NULL-terminated
 * list. */
void config_fill_directory(const struct config_reader *reader, char **list);
/* The same for the elements of a template. */
void config_fill_directory_in_run(const struct config_reader *reader, char **list);

#endif

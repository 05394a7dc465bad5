/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_REPORT_H
#define SRC_CONFIG_REPORT_H

/*
 * Messages about a configuration. They are collected while the file is read and written at the end,
 * in the order of their lines. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "src/config/place.h"

struct config_message {
	unsigned line; /* of the whole text (place.h); 0: about the first file */
	bool warning;
	char *text;
};

struct config_report {
	size_t count, errors;
	bool out_of_memory;
	bool blind; /* directories that the file names are not looked at: they may hang */
	struct config_message *messages;
	struct config_places places;
};

void config_error(struct config_report *report, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_warning(struct config_report *report, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Writes all messages, one line each, whatever bytes are in them. file: the first one, when no
 * place is known. */
void config_report_write(struct config_report *report, const char *file, FILE *out);
void config_report_clear(struct config_report *report);
/* strdup that notes in the report that memory ran out. */
char *config_strdup(struct config_report *report, const char *text);

#endif

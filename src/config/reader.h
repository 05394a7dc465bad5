/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_READER_H
#define SRC_CONFIG_READER_H

/*
 * Reads the options of one section from the parsed file into a record, row by row of the table.
 */

#include <stdbool.h>

#include "src/config/config.h"
#include "src/config/option.h"
#include "src/config/report.h"
#include "src/config/tree.h"
#include "src/config/values.h"

struct config_reader {
	struct config_report *report;
	const struct config_node *node;
	const char *where;	     /* "" or "recipe 'x': ", in front of messages */
	const struct config *config; /* as far as it is read */
	bool complete; /* false: the file broke off in here, so that nothing is called missing */
	bool live;     /* a recipe whose response is live */
};

/* Gives every option of the section its default and then its value from the file. Values that are
 * wrong are in the report; their fields keep the default. */
void config_read_section(const struct config_reader *reader, const struct option *options,
	enum option_section section, void *record);

/* The first value of an option; NULL when it is not given. */
const struct config_value *config_read_one(const struct config_reader *reader, const char *option);
void config_read_error(const struct config_reader *reader, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_read_warning(const struct config_reader *reader, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reports when section index has the title of one before it. */
void config_check_title(const struct config_reader *reader, const char *name, size_t index);

#endif

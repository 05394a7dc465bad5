/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_ASSEMBLE_H
#define SRC_CONFIG_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "src/config/report.h"

/* A configuration as one text, which has been looked through (scan.h) and can be parsed. */
struct config_text {
	char *data; /* with a NUL behind; the caller frees it, always */
	size_t size;
	time_t changed; /* when the youngest of its files was written last; 0: not known */
};

/* Reads file and what it includes. The places of the report tell the files apart from then on.
 * False when the text cannot be parsed: why is in the report. */
bool config_assemble(const char *file, struct config_report *report, struct config_text *text);

#endif

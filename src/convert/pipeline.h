/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_PIPELINE_H
#define SRC_CONVERT_PIPELINE_H

/* Starts the programs of a conversion and connects them with pipes. */

#include "src/convert/conversion.h"
#include "src/convert/environment.h"

struct pipeline {
	struct conversion *conversion;
	const struct environment *env;
	const char *directory; /* absolute */
	int err;	       /* borrowed; the programs' stderr */
	/* A program has the request's own descriptor of the source: the next one gets another. */
	bool source_given;
};

/* A pipe whose reader does not block. Returns 0 or -errno. */
int pipeline_open_pipe(int *reader, int *writer);

/* Starts all programs. has_output: the last one writes to {output}, not to a pipe. Returns 0; a
 * positive errno when a program cannot be executed, with its index in *failed; or -errno. What was
 * started is in the conversion in any case. */
int pipeline_start(struct pipeline *pipeline, bool has_output, size_t *failed);

#endif

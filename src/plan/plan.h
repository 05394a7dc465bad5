/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_PLAN_H
#define SRC_PLAN_PLAN_H

/*
 * What a request means: recipe, checked values, open source. Made the same way for a web server's
 * request, `render` and `explain`. Starts nothing. One thread.
 */

#include <stdbool.h>

#include "src/config/config.h"
#include "src/http/outcome.h"
#include "src/source/source.h"

struct plan {
	struct config *config;	     /* a reference of its own */
	const struct recipe *recipe; /* NULL: none was found */
	struct param_value values[RECIPE_PARAMS_MAX];
	bool negotiated; /* Accept was looked at */
	struct source source;
	const char *source_name; /* beneath the root */
	bool searched;		 /* other sources would have been taken, had they been there */
	char message[PARAM_MESSAGE_MAX]; /* for the client, when it is not OUTCOME_OK */
	int error; /* an errno for the log: why the source could not even be looked for; 0: none */
	struct query query;
	struct pattern_match match;
};

/* Takes a reference to config. uri, method: as the client sent them, NULL when absent. plan_clear
 * is due whatever comes back. */
enum outcome plan_make(struct plan *plan, struct config *config, const char *method,
	const char *uri, const char *accept);
void plan_clear(struct plan *plan);

/* The argv of the plan. output_path: for {output}; NULL when the template has none. Returns 0 or
 * -E2BIG. */
int plan_argv(const struct plan *plan, const char *output_path, struct template_argv *argv);

/* The descriptor that a program finds its source on. */
enum { PLAN_SOURCE_FD = 3 };

#endif

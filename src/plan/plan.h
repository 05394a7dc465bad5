/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_PLAN_H
#define SRC_PLAN_PLAN_H

/*
 * What a request means: recipe, checked values, open source. It is made the same way for a web
 * server's request, `render` and `explain`. Starts no process. One thread.
 */

#include <stdbool.h>

#include "src/config/config.h"
#include "src/http/outcome.h"
#include "src/source/source.h"

enum { PLAN_REASON_MAX = 384 };

/* What the programs of a plan read. */
enum plan_reading {
	PLAN_READ_SOURCE,
	/* A copy: the source was overwritten while a run has read it. When it cannot be copied
	 * because it changes again, the run fails. */
	PLAN_READ_COPY,
	/* The source, whether it changes or not: it does so all the time. */
	PLAN_READ_CHANGING,
};

struct plan {
	struct config *config;	     /* a reference of its own */
	const struct recipe *recipe; /* NULL: none was found */
	struct param_value values[RECIPE_PARAMS_MAX];
	bool negotiated; /* the format depends on Accept */
	struct source source;
	const char *source_name; /* beneath the root */
	/* The caller may set these after plan_make. */
	enum plan_reading reading;
	uint64_t until_ms; /* of clock_now_ms: the programs are ended then; 0: by their timeout */
	bool unmatched;	   /* the URL is good, and no recipe's path fits it */
	bool searched;	   /* a source that was looked for before this one does not exist */
	char message[PARAM_MESSAGE_MAX]; /* for the client, unless the outcome is OUTCOME_OK */
	/* For the administrator, unless the outcome is OUTCOME_OK: one line, printable. */
	char reason[PLAN_REASON_MAX];
	struct query query;
	struct pattern_match match;
};

/* Takes a reference to config. uri, method: as the client sent them, NULL when absent. plan_clear
 * is due after any outcome. */
enum outcome plan_make(struct plan *plan, struct config *config, const char *method,
	const char *uri, const char *accept);
void plan_clear(struct plan *plan);

/* The arguments of the plan's programs. output_path: for {output}; NULL when the template has no
 * {output}. Returns 0 or -E2BIG. */
int plan_argv(const struct plan *plan, const char *output_path, struct template_argv *argv);

/* The descriptor that a program finds its source on. */
enum { PLAN_SOURCE_FD = 3 };

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_EXPLAIN_JSON_H
#define SRC_COMMAND_EXPLAIN_JSON_H

#include "src/plan/plan.h"

/* Writes what a URL means as one JSON object on stdout. argv: NULL unless the outcome is
 * OUTCOME_OK. Main thread. */
void explain_json_put(const char *url, enum outcome outcome, const struct plan *plan,
	const struct template_argv *argv);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_REASON_H
#define SRC_PLAN_REASON_H

/*
 * The words for the administrator about a plan that was refused. Each function replaces
 * plan->reason unless it says otherwise.
 */

#include "src/plan/plan.h"

void reason_set(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* plan->source_name could not be opened, or not be read. */
void reason_of_source(struct plan *plan, int root_fd);

/* The root itself could not be opened. error: the errno. */
void reason_of_root(struct plan *plan, int error);

/* The recipe does not take the type of the source. first: it is the first such recipe; the others
 * are appended. */
void reason_of_type(struct plan *plan, const struct recipe *recipe, bool first);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_ADDRESS_H
#define SRC_PLAN_ADDRESS_H

/*
 * The one way to write the URL of a plan: many spellings mean the same result, and a client chooses
 * among them. Any thread.
 */

#include "base/text.h"
#include "src/plan/plan.h"

/* Appends it, for a plan that is OUTCOME_OK: the path with its holes filled, then the parameters
 * that are present and do not have their default, in the order of the recipe, and with them the
 * format that was negotiated. Every value is canonical. What RFC 3986 does not allow in a path or a
 * query is escaped, and nothing else. Ends with what fits; out->overflow is set then. */
void address_put(const struct plan *plan, struct text *out);

#endif

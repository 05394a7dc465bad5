/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_EXIT_CLASS_H
#define SRC_CONVERT_EXIT_CLASS_H

/* Exit classification: what the ends of the programs and their stderr mean for the request. */

#include "src/convert/conversion.h"

/* Whether an ended program has failed: a signal has ended it, or its exit status is neither 0 nor
 * one that the recipe maps to 200. */
bool exit_class_is_failure(const struct conversion *conversion, size_t program);

/* The class of the whole conversion, when the daemon has not ended it itself. After
 * conversion_end. Writes one line to `reason` for the log. *status is set when a program has
 * failed, and counts for OUTCOME_MAPPED. */
enum outcome exit_class_of(const struct conversion *conversion, int *status, struct text *reason);

#endif

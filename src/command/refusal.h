/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_REFUSAL_H
#define SRC_COMMAND_REFUSAL_H

#include <stdio.h>

#include "src/plan/plan.h"

/* Writes why a plan was refused: what the client sees, what the log says, and, where no recipe's
 * path fits, the recipes whose paths come nearest. One thread. */
void refusal_print(const struct plan *plan, enum outcome outcome, FILE *out);

#endif

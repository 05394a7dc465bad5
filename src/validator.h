/* SPDX-License-Identifier: MIT */
#ifndef SRC_VALIDATOR_H
#define SRC_VALIDATOR_H

/*
 * What identifies the answer to a plan before it is made (RFC 9110 §8.8): equal validators, equal
 * bytes. One thread for a plan, any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "src/plan.h"

enum { VALIDATOR_KEY_BYTES = 20, VALIDATOR_ETAG_MAX = 2 * VALIDATOR_KEY_BYTES + 3 };

struct validator {
	uint8_t key[VALIDATOR_KEY_BYTES];
	char etag[VALIDATOR_ETAG_MAX]; /* with its quotes; "": there is none */
	time_t modified;	       /* of the source; never in the future (RFC 9110 §8.8.2.1) */
};

/* For a plan that was OUTCOME_OK. Returns 0, or -E2BIG or -ENOMEM when the arguments do not fit:
 * then no program can be started either. */
int validator_make(const struct plan *plan, struct validator *validator);

/* Whether the source is still the one that the validator was made of: a converter may have read
 * something else since. */
bool validator_holds(const struct plan *plan);

#endif

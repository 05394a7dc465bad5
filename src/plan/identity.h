/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_IDENTITY_H
#define SRC_PLAN_IDENTITY_H

/*
 * What identifies the answer to a plan before it is made (RFC 9110 §8.8): equal validators, equal
 * bytes. One thread for a plan, any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "src/plan/digest.h"
#include "src/plan/plan.h"

struct identity {
	uint8_t key[DIGEST_BYTES];
	/* The same without the source's identity, but with its place: what older and newer results
	 * of it have in common. */
	uint8_t lineage[DIGEST_BYTES];
	char etag[DIGEST_HEX_MAX + 2]; /* with its quotes; "": there is none */
	time_t modified;	       /* of the source; never in the future (RFC 9110 §8.8.2.1) */
};

/* For a plan that was OUTCOME_OK. Returns 0, or -E2BIG or -ENOMEM when the arguments do not fit:
 * then no program can be started either. */
int identity_make(const struct plan *plan, struct identity *identity);

/* Of the key. */
void identity_set_etag(struct identity *identity);

/* Whether the source is still the one that the identity was made of: a converter may have read
 * something else since. */
bool identity_holds(const struct plan *plan);

#endif

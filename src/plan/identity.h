/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_IDENTITY_H
#define SRC_PLAN_IDENTITY_H

/*
 * What identifies the answer to a plan before the answer is made (RFC 9110 §8.8): equal identities
 * mean equal bytes. Any thread, one at a time for a plan.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "src/plan/digest.h"
#include "src/plan/plan.h"

struct identity {
	uint8_t key[DIGEST_BYTES];
	/* A hash as the key, with the source's path in place of its device, inode, size and time:
	 * older and newer results of one request have the same lineage. */
	uint8_t lineage[DIGEST_BYTES];
	char etag[DIGEST_HEX_MAX + 2]; /* with its quotes; "": none */
	time_t modified;	       /* of the source; never in the future (RFC 9110 §8.8.2.1) */
};

/* For a plan that is OUTCOME_OK. Returns 0, or -E2BIG or -ENOMEM when the arguments do not fit; no
 * program can be started with them either. */
int identity_make(const struct plan *plan, struct identity *identity);

/* Sets the ETag that belongs to the key. */
void identity_set_etag(struct identity *identity);

/* Whether the source is unchanged since the identity was made. If not, the converter may have read
 * something else. */
bool identity_holds(const struct plan *plan);

#endif

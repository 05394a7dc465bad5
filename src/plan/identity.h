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

#include "src/plan/plan.h"
#include "src/recipe/digest.h"

struct identity {
	uint8_t key[DIGEST_BYTES];
	/* A hash as the key, with the source's path in place of its device, inode, size and time:
	 * older and newer results of one request have the same lineage. */
	uint8_t lineage[DIGEST_BYTES];
	/* What the makers of the result were. */
	uint8_t makers[DIGEST_BYTES];
	char etag[DIGEST_HEX_MAX + 4]; /* with its quotes; "": there is none */
	/* When the source, the makers or the configuration changed last; never in the future (RFC
	 * 9110 §8.8.2.1). */
	time_t modified;
	bool settled; /* that time was not in the future: it is the same at the next request */
};

/* For a plan that is OUTCOME_OK. Returns 0, or -E2BIG or -ENOMEM when the arguments do not fit; no
 * program can be started with them either. */
int identity_make(const struct plan *plan, struct identity *identity);

/* Makes the tag of the key: a strong one. */
void identity_set_etag(struct identity *identity);
/* Makes the tag a weak one (RFC 9110 §8.8.1): nothing says that another run gives the same bytes.
 */
void identity_weaken(struct identity *identity);
bool identity_is_strong(const struct identity *identity);

/* Whether the makers are still what they were. False, too, when that cannot be told without
 * waiting. */
bool identity_has_makers_of(const struct identity *identity, const struct recipe *recipe);

/* Whether the source is unchanged since the identity was made: 1, or 0 when the converter may have
 * read something else; -errno when that cannot be told (source_stat). */
int identity_check(const struct plan *plan);
/* Whether the source is a film or a sound that has only grown, as far as one can tell: it is being
 * recorded. What stood there before is still right. */
bool identity_has_grown(const struct plan *plan);
/* Whether the source may be a picture: a part of one is a wrong picture. A file that is empty at
 * the moment may be one, too. */
bool identity_may_be_picture(const struct plan *plan);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_MEMO_H
#define SRC_REQUEST_MEMO_H

/*
 * What requests were found to mean a moment ago, so that the same one need not be looked into
 * again: its recipe, its validators, and a short result that the cache has for it. It is only ever
 * a reason to answer at once; whoever uses an entry makes sure that source and result are still
 * what they were, and whoever finds none loses nothing. An entry that nobody has used for
 * MEMO_IDLE_MS is forgotten; all bodies together have MEMO_BYTES. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "src/cache/cache.h"
#include "src/config/config.h"
#include "src/plan/identity.h"

enum { MEMO_MAX = 1024, MEMO_BYTES = 8 << 20, MEMO_IDLE_MS = 10000 };

struct memo;

/* Of a request whose plan was OUTCOME_OK. */
struct memo_note {
	const struct recipe *recipe; /* of the configuration that memo_reset named */
	const char *type;	     /* Content-Type; lives as long as the recipe */
	bool negotiated;
	struct stat source;
	struct identity identity;
	const char *name; /* of the source, beneath the root */
	bool kept;	  /* the cache has it: */
	struct cache_file file;
	const char *body; /* file.length bytes; NULL: is not here */
};

int memo_new(struct memo **out);
/* NULL is fine. */
void memo_free(struct memo *memo);

/* From now on entries are about requests under this configuration, with results of this cache,
 * which may be NULL; all others are forgotten. */
void memo_reset(struct memo *memo, const struct config *config, const struct cache *cache);

/* Remembers it, unless the configuration is another one by now, or as much is known already. All is
 * copied. accept: the request's field, NULL: it has none; it counts where the note says that it was
 * negotiated. */
void memo_keep(struct memo *memo, const struct config *config, const char *uri, const char *accept,
	const struct memo_note *note);

/* What is known of such a request; memo_release is due. NULL: nothing. */
const struct memo_note *memo_find(
	struct memo *memo, const struct config *config, const char *uri, const char *accept);
void memo_release(const struct memo_note *note);
/* It is not so any more. */
void memo_forget(struct memo *memo, const struct memo_note *note);
/* Its result was sent: it counts as used in the cache soon, by memo_tend. */
void memo_used(struct memo *memo, const struct memo_note *note);

/* When memo_tend is due (clock_now_ms); CLOCK_NEVER: nothing is there to be done. */
uint64_t memo_due(struct memo *memo);
/* Whether it is due; then it is not any more. */
bool memo_is_due(struct memo *memo);
/* It could not be done: it is due again a little later. */
void memo_put_off(struct memo *memo);
/* Sets the times of access of what was used and forgets what was not. Blocks. */
void memo_tend(struct memo *memo);

#endif

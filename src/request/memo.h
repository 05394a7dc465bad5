/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECALL_H
#define SRC_RECALL_H

/*
 * What requests were found to mean a moment ago, so that the same one need not be looked into again: its recipe, its validators, and
 * a short result that the cache has for it. It is only ever a reason to answer at once; whoever uses an entry makes sure that
 * source and result are still what they were, and whoever finds none loses nothing. An entry that nobody has used for
 * RECALL_IDLE_MS is forgotten; all bodies together have RECALL_BYTES. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "src/cache/cache.h"
#include "src/config.h"
#include "src/request/validator.h"

enum { RECALL_MAX = 1024, RECALL_BYTES = 8 << 20, RECALL_IDLE_MS = 10000 };

struct recall;

/* Of a request whose plan was OUTCOME_OK. */
struct recall_note {
	const struct recipe *recipe; /* of the configuration that recall_reset named */
	const char *type;	     /* Content-Type; lives as long as the recipe */
	bool negotiated;
	struct stat source;
	struct validator validator;
	const char *name; /* of the source, beneath the root */
	bool kept;	  /* the cache has it: */
	struct cache_file file;
	const char *body; /* file.length bytes; NULL: is not here */
};

int recall_new(struct recall **out);
/* NULL is fine. */
void recall_free(struct recall *recall);

/* From now on entries are about requests under this configuration, with results of this cache, which
 * may be NULL; all others are forgotten. */
void recall_reset(struct recall *recall, const struct config *config, const struct cache *cache);

/* Remembers it, unless the configuration is another one by now, or as much is known already. All is copied. accept: the request's
 * field, NULL: it has none; it counts where the note says that it was negotiated. */
void recall_keep(struct recall *recall, const struct config *config, const char *uri,
	const char *accept, const struct recall_note *note);

/* What is known of such a request; recall_release is due. NULL: nothing. */
const struct recall_note *recall_find(
	struct recall *recall, const struct config *config, const char *uri, const char *accept);
void recall_release(const struct recall_note *note);
/* It is not so any more. */
void recall_forget(struct recall *recall, const struct recall_note *note);
/* Its result was sent: it counts as used in the cache soon, by recall_tend. */
void recall_used(struct recall *recall, const struct recall_note *note);

/* When recall_tend is due (clock_now_ms); CLOCK_NEVER: nothing is there to be done. */
uint64_t recall_due(struct recall *recall);
/* Whether it is due; then it is not any more. */
bool recall_is_due(struct recall *recall);
/* It could not be done: it is due again a little later. */
void recall_put_off(struct recall *recall);
/* Sets the times of access of what was used and forgets what was not. Blocks. */
void recall_tend(struct recall *recall);

#endif

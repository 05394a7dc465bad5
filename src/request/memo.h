/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_MEMO_H
#define SRC_REQUEST_MEMO_H

/*
 * The memo: what recent requests were found to mean, so that the next identical request need not be
 * resolved again. A note has the recipe, the validators, and perhaps a short result of the cache. A
 * note may be out of date: before it is used, the caller checks that the source and the result are
 * still the same. A note that was not used for MEMO_IDLE_MS is forgotten. All bodies together take
 * at most MEMO_BYTES. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "src/cache/cache.h"
#include "src/config/config.h"
#include "src/plan/identity.h"

enum { MEMO_MAX = 1024, MEMO_BYTES = 8 << 20, MEMO_IDLE_MS = 10000 };

struct memo;

/* About a request whose plan was OUTCOME_OK. */
struct memo_note {
	const struct recipe *recipe; /* of the configuration that memo_reset named */
	const char *type;	     /* Content-Type; lives as long as the recipe */
	bool sniffs;		     /* the type is to be found in the result */
	bool negotiated;
	struct stat source;
	struct identity identity;
	const char *name; /* of the source, beneath the root */
	bool kept;	  /* the cache has the result, which is `file` */
	struct cache_file file;
	const char *body; /* file.length bytes of the result; NULL: not in memory */
};

int memo_new(struct memo **out);
/* NULL is fine. */
void memo_free(struct memo *memo);

/* From now on notes are about requests under this configuration, with results of this cache, which
 * may be NULL. All others are forgotten. */
void memo_reset(struct memo *memo, const struct config *config, const struct cache *cache);

/* Adds a copy of the note, unless the configuration is another one by now, or the memo knows as
 * much already. accept: the request's field, NULL: it has none; it is part of the key when the note
 * says `negotiated`. */
void memo_keep(struct memo *memo, const struct config *config, const char *uri, const char *accept,
	const struct memo_note *note);

/* The note of such a request, or NULL. memo_release is due for it. */
const struct memo_note *memo_find(
	struct memo *memo, const struct config *config, const char *uri, const char *accept);
void memo_release(const struct memo_note *note);
/* The note does not hold any more. */
void memo_forget(struct memo *memo, const struct memo_note *note);
/* The result of the note was sent: memo_tend will set its time of access in the cache. */
void memo_used(struct memo *memo, const struct memo_note *note);

/* When memo_tend is due (clock_now_ms); CLOCK_NEVER: there is nothing to do. */
uint64_t memo_due(struct memo *memo);
/* Whether memo_tend is due. Returns true once. */
bool memo_is_due(struct memo *memo);
/* memo_tend could not run: it is due again a little later. */
void memo_put_off(struct memo *memo);
/* Sets the times of access of used results and forgets idle notes. Blocks. */
void memo_tend(struct memo *memo);

#endif

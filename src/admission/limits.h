/* SPDX-License-Identifier: MIT */
#ifndef SRC_ADMISSION_LIMITS_H
#define SRC_ADMISSION_LIMITS_H

/*
 * How much a daemon of this configuration takes on at once, so that it never runs out of threads or
 * descriptors in the middle of what it has accepted. Pure, any thread.
 */

#include <stdbool.h>

#include "base/text.h"
#include "src/admission/queue.h"
#include "src/config/config.h"
#include "src/http/outcome.h"

struct limits {
	unsigned places;	    /* for admission_set_places */
	unsigned threads;	    /* places, and some that always remain for cheap answers */
	unsigned share_table;	    /* for share_limit; each is a thread of its own */
	unsigned files, kept_files; /* for admission_set_files */
	unsigned connections;	    /* idle ones included */
	unsigned long descriptors;  /* of all that together */
	bool is_tight; /* fewer conversions run at once than the configuration allows */
};

/* files: how many descriptors this process may have. */
struct limits limits_of(const struct config *config, unsigned long files);

/* What a conversion of this recipe asks of admission; who waits, and until when, is the caller's to
 * add. */
struct admission_request limits_request(const struct config *config, const struct recipe *recipe);

/* What admission_enter returned, as an outcome; reason: for the log. gone: who hung up, in words.
 */
enum outcome limits_outcome(int r, const char *gone, struct text *reason);

#endif

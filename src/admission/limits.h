/* SPDX-License-Identifier: MIT */
#ifndef SRC_ADMISSION_LIMITS_H
#define SRC_ADMISSION_LIMITS_H

/*
 * How much work a daemon with this configuration accepts at once, so that it never runs out of
 * threads or descriptors in the middle of accepted work. Pure, any thread.
 */

#include <stdbool.h>

#include "base/text.h"
#include "src/admission/queue.h"
#include "src/config/config.h"
#include "src/http/outcome.h"

struct limits {
	unsigned places;	    /* for admission_set_places */
	unsigned threads;	    /* places, and some threads for requests without a place */
	unsigned shared_runs;	    /* for sharing_limit; each has a thread of its own */
	unsigned files, kept_files; /* for admission_set_files */
	unsigned connections;	    /* idle ones included */
	unsigned long descriptors;  /* of all that together */
	bool is_tight;	      /* fewer conversions run at once than the configuration allows */
	bool hold;	      /* there are enough descriptors for held programs */
	unsigned long needed; /* descriptors without which not even one request can be served */
};

/* files: how many descriptors this process may have. */
struct limits limits_of(const struct config *config, unsigned long files);

/* What a conversion of this recipe asks of admission. The caller adds watch_fd and alive. */
struct admission_request limits_request(const struct config *config, const struct recipe *recipe);

/* The outcome for what admission_enter has returned, with a line for the log in `reason`. gone: the
 * line for ADMISSION_E_GONE. */
enum outcome limits_outcome(int r, const char *gone, struct text *reason);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_RUN_H
#define SRC_PUMP_RUN_H

/*
 * One run of a conversion, from its place in the queue to the end of its programs. This is the only
 * way to run one: for a request that is alone, and for a run that several requests share. A run
 * belongs to one thread.
 */

#include <stdbool.h>

#include "src/admission/queue.h"
#include "src/observe/access.h"
#include "src/pump/pump.h"

/* About 60 KiB: too much for the stack of a worker thread, and for a request that only waits. */
struct run_work {
	struct conversion conversion;
	struct pump pump;
};

struct run {
	/* Input; all pointers are borrowed. */
	struct admission *admission;
	struct starter *starter;
	struct plan *plan; /* borrowed, like the others; source.copy is filled in */
	struct fcgi_connection *connection; /* of the only client; NULL: several requests share */
	int abandoned;			    /* without a connection: readable when nothing waits */
	/* Moves the output: calls pump_collect, pump_live or pump_fill. pump->deadline_ms is set;
	 * callbacks of the pump are the callee's to set. */
	enum outcome (*move)(void *data, struct pump *pump, int *status);
	void *data;
	/* Output. */
	struct access_times *times; /* entered, running, first, done */
	struct progress *progress;
	struct text *reason;
	int *status; /* for OUTCOME_MAPPED */
	unsigned *retry_after_s;
	/* The source has changed since the plan was made: the result is neither of the old one nor
	 * of the new one, or, with a copy, of one that is gone. */
	bool torn;
	uint64_t until_ms;     /* the deadline of the programs; 0: they were not started */
	bool aborted;	       /* by FCGI_ABORT_REQUEST */
	struct run_work *work; /* NULL: no conversion was opened; until run_free */
};

/* Waits in the queue, starts the programs, moves their output, ends them, and gives the slot back:
 * a slow client keeps no slot while it reads. OUTCOME_CHANGING: the source has changed meanwhile,
 * so the caller should make a new plan, or, when a part of a live result was sent, break it. A
 * whole result of a run with a connection is still in the conversion's pipe or directory
 * afterwards; then run_close is due after sending. */
enum outcome run_convert(struct run *run);

/* NULL: no conversion was opened. Valid until run_free. */
struct conversion *run_get_conversion(const struct run *run);

/* Closes the conversion. May be called again, and for a run that never began. */
void run_close(struct run *run);
/* Closes the output, too. This may take long: the kernel frees the blocks of an unnamed file when
 * its last descriptor is closed. Do not call it under a lock. */
void run_free(struct run *run);

#endif

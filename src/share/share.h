/* SPDX-License-Identifier: MIT */
#ifndef SRC_SHARE_SHARE_H
#define SRC_SHARE_SHARE_H

/*
 * Request coalescing: equal requests share one run of a conversion. The run has a thread of its own
 * and goes on as long as a request waits for it. The first request is the leader of the run; all of
 * them, the leader included, are its waiters. The output becomes a file, which every waiter reads;
 * a live one is read while it grows. A complete result goes to the cache.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "fcgi/connection.h"
#include "src/admission/queue.h"
#include "src/cache/cache.h"
#include "src/convert/conversion.h"
#include "src/http/outcome.h"
#include "src/observe/access.h"
#include "src/observe/observer.h"
#include "src/plan/identity.h"

struct share_run;
struct share_store;
struct share_table;

/* What sharing needs. The first three are borrowed. */
struct sharing {
	struct starter *starter;
	struct observer *observer;
	struct admission *admission;
	/* NULL: no result is kept. Set once, at the start or by sharing_tend. */
	_Atomic(struct cache *) cache;
	struct share_store *store; /* the store that is to be opened; NULL: none is wanted */
	struct share_table *table; /* NULL: no run is shared (render) */
};

/* A request's part in a shared run. The request's thread owns it. */
struct share_waiter {
	struct share_run *run;
	int event; /* owned; readable when there is something new */
	bool leader;
	bool waits;    /* the run goes on for this waiter; false: it only keeps the plan alive */
	uint64_t read; /* of a live result: how many bytes the request has sent */
	struct share_waiter *next, *previous;
};

/* How far a shared run has come. */
struct share_state {
	bool ended;
	enum outcome outcome; /* when it has ended */
	int status;	      /* for OUTCOME_MAPPED */
	unsigned retry_after_s;
	bool valid;	   /* it ended well, and the source has not changed meanwhile */
	uint64_t until_ms; /* when its programs had to end; 0: they were not started */
	bool kept;	   /* the result is in the cache */
	bool found;	   /* it was in the cache already: another run had just ended */
	uint64_t length;   /* how much of the file can be read */
	int file;	   /* -1: none yet; borrowed until share_leave */
};

/* table.c */

/* Makes shared runs possible and opens the store that the configuration names (store.c). Everything
 * works without a store, too, so a failure is only logged. Main thread, before there are others. */
void sharing_open(struct sharing *sharing, const struct config *config);
/* Bounds how many shared runs there are at once: each has a thread and descriptors. Any thread. */
void sharing_limit(struct sharing *sharing, unsigned runs_max);
/* Ends the shared runs, waits for their threads, and closes the store. No request may be running
 * any more. */
void sharing_close(struct sharing *sharing);
/* When the store is to be tried again (clock_now_ms); CLOCK_NEVER: it is open, is being tried, or
 * none is wanted. Any thread. */
uint64_t sharing_due(const struct sharing *sharing);
/* Takes it on: sharing_due is CLOCK_NEVER from then on, until sharing_tend has failed. False:
 * another thread has, or it is not time. */
bool sharing_take(struct sharing *sharing);
/* Tries once more to open the store, after sharing_take. Waits for its file system. */
void sharing_tend(struct sharing *sharing);
/* In place of sharing_tend, when there is no thread for it. */
void sharing_put_off(struct sharing *sharing);
/* Why nothing is kept, as one line for the operator. False: all is well, or no store is wanted. */
bool sharing_problem(const struct sharing *sharing, struct text *out);
/* The store for results of this recipe, or NULL. */
struct cache *sharing_store(const struct sharing *sharing, const struct recipe *recipe);

/* coalesce.c */

enum { SHARE_E_FULL = 1 /* there are as many runs as sharing_limit allows */ };

/* Whether there is a run with this key that a waiter could join now. Any thread. */
bool share_is_under_way(struct sharing *sharing, const struct identity *identity);

/* Joins the run with this key. When there is none, begins one: it takes *plan, which becomes NULL,
 * and this request is its leader. Any thread. Returns 0, SHARE_E_FULL or -errno. */
int share_join(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, struct share_waiter *waiter);

/* Begins a refresh: a run without waiters that puts a new result into the cache. Does nothing when
 * a run with this key is under way or has failed just now, or when there are too many refreshes.
 * The log names the refresh by `id`. When the refresh takes *plan, which becomes NULL then, the
 * waiter keeps the plan alive. */
void share_refresh(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *id, struct share_waiter *waiter);

/* Waits until the state differs from *state or the client has gone. By this call the request also
 * says that it has sent state->length bytes. Returns 0 or -errno of the connection. */
int share_wait(
	struct share_waiter *waiter, struct fcgi_connection *connection, struct share_state *state);

/* Ends the waiting. The last waiter to leave also ends the conversion, unless the recipe has
 * `finish`. Nothing of the run may be used afterwards. */
void share_leave(struct share_waiter *waiter);

const struct progress *share_get_progress(const struct share_waiter *waiter);

/* For the leader, when the run has ended. */

struct conversion *share_get_conversion(const struct share_waiter *waiter); /* NULL: none ran */
/* The points of time after `planned`. */
struct access_times share_get_times(const struct share_waiter *waiter);
const char *share_get_reason(const struct share_waiter *waiter);

#endif

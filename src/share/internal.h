/* SPDX-License-Identifier: MIT */
#ifndef SRC_SHARE_INTERNAL_H
#define SRC_SHARE_INTERNAL_H

/*
 * What the files of this room share. From the ground up: store.c, table.c, run.c, refresh.c,
 * coalesce.c.
 *
 * The lock of the table guards the table, and of each run: references, listed, entry, waiters (and
 * what they contain), state, abandoned. The identity and the plan never change. Everything else of
 * a run belongs to its thread until state.ended is set, and is the leader's to read afterwards.
 *
 * Each waiter and the thread hold a reference to the run. The last one to drop its reference frees
 * the run, always without the lock: closing the last descriptor of an unnamed file frees its
 * blocks, which takes a tenth of a second for each gigabyte.
 */

#include <pthread.h>
#include <sys/queue.h>

#include "src/pump/run.h"
#include "src/share/share.h"

enum { SHARE_REASON_MAX = 512, SHARE_FAILURES = 64 };

/* A refresh that failed. It is not tried again before until_ms. */
struct share_failure {
	uint8_t key[DIGEST_BYTES];
	uint64_t until_ms, wait_ms;
};

struct share_table {
	pthread_mutex_t lock;
	pthread_cond_t none_running;
	unsigned running, running_max; /* runs whose thread has not ended */
	LIST_HEAD(, share_run) list;   /* runs that a waiter can join */
	unsigned refreshing;
	unsigned next_failure;
	struct share_failure failures[SHARE_FAILURES];
};

struct share_run {
	struct sharing *sharing;
	struct share_table *table;
	unsigned references;
	bool listed;
	LIST_ENTRY(share_run) entry;
	struct share_waiter *waiters;
	struct share_state state;
	int abandoned; /* readable when no waiter is left; -1: the run has ended */
	struct plan *plan;
	struct identity identity;
	char *uri;
	char *refresh_id; /* of the request that wanted a refresh; NULL: no refresh */
	struct in_flight_entry in_flight; /* of a refresh */
	struct run run;
	int found; /* the file, when the result was in the cache already */
	struct progress progress;
	struct access_times times;
	struct text reason;
	char reason_buffer[SHARE_REASON_MAX];
};

/* table.c; the functions with "the lock" in their comment are called with it. */

/* The lock. The run with this key that a waiter can join, or NULL. */
struct share_run *share_find(const struct share_table *table, const uint8_t key[DIGEST_BYTES]);
/* The lock. Adds a run that others can join. Takes *plan, which becomes NULL. refresh_id: NULL for
 * a run with waiters. Its thread holds the only reference so far. Returns 0, SHARE_E_FULL or
 * -errno. */
int share_add(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *refresh_id, struct share_run **out);
/* The lock. No more waiters can join. */
void share_unlist(struct share_run *shared);
/* The lock. Wakes all waiters. */
void share_wake(const struct share_run *shared);
/* The lock. Drops a reference. Returns the run when it was the last one; share_free is due then,
 * without the lock. */
struct share_run *share_drop(struct share_run *shared);
/* NULL is fine. */
void share_free(struct share_run *shared);
/* Publishes the end of a run to its waiters and drops the thread's reference. */
void share_end(struct share_run *shared, struct share_state *state);

/* run.c: runs the conversion and keeps its result. Sets *state to what came of it. The run's
 * thread. */
void share_convert(struct share_run *shared, struct share_state *state);

/* refresh.c */

/* The lock. Whether a refresh with this key may begin now; `most` may run at once. */
bool share_refresh_is_due(
	struct share_table *table, const uint8_t key[DIGEST_BYTES], unsigned most);
/* share_convert for a refresh, with its own entry on the status page and its own log line. */
void share_convert_refresh(struct share_run *shared, struct share_state *state);
/* The last part of that: logs the refresh, and decides when to try again. */
void share_refresh_ended(struct share_run *shared, const struct share_state *state);

#endif

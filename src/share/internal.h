/* SPDX-License-Identifier: MIT */
#ifndef SRC_SHARE_INTERNAL_H
#define SRC_SHARE_INTERNAL_H

/* What the files share*.c share; nobody else includes it. */

#include <pthread.h>
#include <sys/queue.h>

#include "src/share/coalesce.h"
#include "src/pump/pump.h"

enum { SHARE_REASON_MAX = 512, SHARE_FAILURES = 64 };

/* A refresh that failed: it is not tried again before until_ms. */
struct share_failure {
	uint8_t key[DIGEST_BYTES];
	uint64_t until_ms, wait_ms;
};

struct share_table {
	pthread_mutex_t lock; /* for everything that a share says about itself */
	pthread_cond_t landed;
	unsigned running, running_max;
	LIST_HEAD(, share) list; /* those that can be entered */
	unsigned refreshing;
	unsigned next_failure;
	struct share_failure failures[SHARE_FAILURES];
};

struct share {
	struct sharing *sharing;
	struct share_table *table;
	unsigned references; /* waiters and the thread */
	bool listed;
	LIST_ENTRY(share) entry;
	struct share_waiter *waiters;
	struct share_state state;
	int abandoned; /* readable when nobody wants it any more; -1: it has ended */
	/* The thread's own until state.ended, the leader's to read afterwards. */
	struct plan *plan;
	struct identity identity;
	char *uri;
	char *refresh_id;		/* of the request that wanted a refresh; NULL: it is none */
	struct in_flight_entry running; /* of a refresh */
	bool opened;
	struct conversion conversion;
	struct pump pump;
	int found; /* what another one put into the cache a moment ago */
	struct progress progress;
	struct access_times times;
	struct text reason;
	char reason_buffer[SHARE_REASON_MAX];
};

/* With the lock held. The flight of this key that can be entered, or NULL. */
struct share *share_find(const struct share_table *table, const uint8_t key[DIGEST_BYTES]);
/* With the lock held: a flight that others can enter; share_start is due, without the lock.
 * refresh_id: NULL, it is no refresh. Takes *plan, then NULL. Returns 0, SHARE_E_FULL or
 * -errno. */
int share_list(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *refresh_id, struct share **out);
/* Without the lock; the caller has a reference. Where there is no thread for it, the share
 * ends as an overload for all who have a waiter by then. */
void share_start(struct share *share);

/* share_refresh.c: share_run for a refresh, which has to tell of itself. */
void share_run_refresh(struct share *share, struct share_state *state);
/* The last part of that: the line in the log, and when to try again. Without the lock. */
void share_end_refresh(struct share *share, const struct share_state *state);

/* With the lock held: tells all waiters that there is something new. */
void share_wake(const struct share *share);

/* share_run.c: the conversion, from its slot to the cache. *state is what came of it. */
void share_run(struct share *share, struct share_state *state);

#endif

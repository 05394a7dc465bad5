/* SPDX-License-Identifier: MIT */
#ifndef SRC_SHARE_COALESCE_H
#define SRC_SHARE_COALESCE_H

/*
 * A conversion that several requests share: it runs in a thread of its own and goes on as long as
 * one of them wants it. Its output becomes a file, which they all read; a live one while it grows.
 * What is complete goes to the cache.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/connection.h"
#include "src/observe/access.h"
#include "src/admission/queue.h"
#include "src/cache/cache.h"
#include "src/convert/conversion.h"
#include "src/http/outcome.h"
#include "src/plan/identity.h"
#include "src/observe/observer.h"

struct share;
struct share_table;

/* What sharing needs. The first three are borrowed. */
struct sharing {
	struct starter *starter;
	struct observer *observer;
	struct admission *admission;
	struct cache *cache;	   /* NULL: nothing is kept */
	struct share_table *table; /* NULL: nothing is shared (render) */
};

/* A request's part in it. One thread. */
struct share_waiter {
	struct share *share;
	int event; /* readable when there is something new */
	bool leader;
	uint64_t read; /* of a live result: how much its request is done with */
	bool waits;    /* the conversion goes on for it */
	struct share_waiter *next, *previous;
};

/* How far it has come. */
struct share_state {
	bool ended;
	enum outcome outcome; /* when it has ended */
	int status;	      /* for OUTCOME_MAPPED */
	unsigned retry_after_s;
	bool valid;	 /* ended well, and the source is still what it was */
	bool kept;	 /* it is in the cache now */
	bool found;	 /* it was there already: another share had landed meanwhile */
	uint64_t length; /* of what can be read from file */
	int file;	 /* -1: none yet; borrowed, until share_leave */
};

/* Whether there is a flight of this key that a waiter could be taken in, now. Any thread. */
bool share_is_under_way(struct sharing *sharing, const struct identity *identity);
enum {
	SHARE_E_FULL = 1 /* there are as many share_table as share_limit allows */
};

/* Takes a waiter in the flight of this key; makes one when there is none, which takes over *plan
 * (then NULL) and of which this request is the leader. Any thread. Returns 0, SHARE_E_FULL or
 * -errno. */
int share_join(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, struct share_waiter *waiter);

/* Begins a flight that nobody waits for, to put a new result into the cache, unless one of this key
 * is under way, or has failed just now, or there are too many of them; what becomes of it is logged
 * with `id`. The waiter, when it took the plan, only keeps that. */
void share_refresh(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *id, struct share_waiter *waiter);

/* Waits until something is different from *state, with all of which the caller is done, or the
 * client has gone. Returns 0 or the connection's -errno. */
int share_wait(
	struct share_waiter *waiter, struct fcgi_connection *connection, struct share_state *state);

/* Gives the waiter up; the last one ends the conversion, unless the recipe says that it is to be
 * finished. Afterwards nothing of the share may be used. */
void share_leave(struct share_waiter *waiter);

/* At any time. */
const struct progress *share_get_progress(const struct share_waiter *waiter);

/* For the leader, when it has ended. */
struct conversion *share_get_conversion(
	const struct share_waiter *waiter); /* NULL: none was started */
/* What came after `planned`. */
struct access_times share_get_times(const struct share_waiter *waiter);
const char *share_get_reason(const struct share_waiter *waiter);

/* The store for results of this recipe, or NULL. */
struct cache *sharing_store(const struct sharing *sharing, const struct recipe *recipe);

/* Makes share_table possible and opens the store that the configuration names. Without a store
 * everything works as well, so what is wrong with it is logged and no error. Main thread, before
 * there are others. */
void sharing_open(struct sharing *sharing, const struct config *config);
/* At most so many at once, whoever waits for them: each has a thread and descriptors. Any
 * thread. */
void sharing_limit(struct sharing *sharing, unsigned flights_max);
/* Ends share_table that still run, waits for them, and closes the store. No request may be running
 * any more. */
void sharing_close(struct sharing *sharing);

#endif

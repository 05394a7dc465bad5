/* SPDX-License-Identifier: MIT */
#ifndef SRC_FLIGHT_H
#define SRC_FLIGHT_H

/*
 * A conversion that several requests share: it runs in a thread of its own and goes on as long as one of them wants it. Its output
 * becomes a file, which they all read; a live one while it grows. What is complete goes to the cache.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/connection.h"
#include "src/access.h"
#include "src/conversion.h"
#include "src/outcome.h"
#include "src/request/validator.h"
#include "src/service.h"

struct flight;

/* A request's part in it. One thread. */
struct flight_seat {
	struct flight *flight;
	int event; /* readable when there is something new */
	bool leader;
	uint64_t read; /* of a live result: how much its request is done with */
	bool waits;    /* the conversion goes on for it */
	struct flight_seat *next, *previous;
};

/* How far it has come. */
struct flight_state {
	bool ended;
	enum outcome outcome; /* when it has ended */
	int status;	      /* for OUTCOME_MAPPED */
	unsigned retry_after_s;
	bool valid;	 /* ended well, and the source is still what it was */
	bool kept;	 /* it is in the cache now */
	bool found;	 /* it was there already: another flight had landed meanwhile */
	uint64_t length; /* of what can be read from file */
	int file;	 /* -1: none yet; borrowed, until flight_leave */
};

/* Whether there is a flight of this key that a seat could be taken in, now. Any thread. */
bool flight_is_under_way(struct service *service, const struct validator *validator);
enum {
	FLIGHT_E_FULL = 1 /* there are as many flights as flights_limit allows */
};

/* Takes a seat in the flight of this key; makes one when there is none, which takes over *plan (then NULL) and of which this
 * request is the leader. Any thread. Returns 0, FLIGHT_E_FULL or -errno. */
int flight_enter(struct service *service, const struct validator *validator, struct plan **plan,
	const char *uri, struct flight_seat *seat);

/* Begins a flight that nobody waits for, to put a new result into the cache, unless one of this key is under way, or has failed
 * just now, or there are too many of them; what becomes of it is logged with `id`. The seat, when it took the plan, only keeps that. */
void flight_refresh(struct service *service, const struct validator *validator, struct plan **plan,
	const char *uri, const char *id, struct flight_seat *seat);

/* Waits until something is different from *state, with all of which the caller is done, or the client has gone. Returns 0 or the
 * connection's -errno. */
int flight_wait(
	struct flight_seat *seat, struct fcgi_connection *connection, struct flight_state *state);

/* Gives the seat up; the last one ends the conversion, unless the recipe says that it is to be finished. Afterwards nothing of the
 * flight may be used. */
void flight_leave(struct flight_seat *seat);

/* At any time. */
const struct progress *flight_get_progress(const struct flight_seat *seat);

/* For the leader, when it has ended. */
struct conversion *flight_get_conversion(
	const struct flight_seat *seat); /* NULL: none was started */
/* What came after `planned`. */
struct access_times flight_get_times(const struct flight_seat *seat);
const char *flight_get_reason(const struct flight_seat *seat);

/* The store for results of this recipe, or NULL. */
struct cache *flight_store(const struct service *service, const struct recipe *recipe);

/* Makes flights possible and opens the store that the configuration names. Without a store everything works as well, so
 * what is wrong with it is logged and no error. Main thread, before there are others. */
void flights_open(struct service *service, const struct config *config);
/* At most so many at once, whoever waits for them: each has a thread and descriptors. Any
 * thread. */
void flights_limit(struct service *service, unsigned flights_max);
/* Ends flights that still run, waits for them, and closes the store. No request may be running any more. */
void flights_close(struct service *service);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_ACCESS_H
#define SRC_OBSERVE_ACCESS_H

/*
 * What there is to say about a request that is over: for its line in the log, the slow log, and the
 * counters. Values only; strings are borrowed. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "src/http/outcome.h"

enum {
	ACCESS_EXIT_SIZE = 64,
	ACCESS_REASON_MAX = 512,
	ACCESS_URL_MAX = 512,
	ACCESS_WORDS_MAX = 1024
};

/* How a request came by its result. */
enum access_cache {
	ACCESS_CACHE_NONE, /* it needed none */
	ACCESS_CACHE_HIT,
	ACCESS_CACHE_STALE, /* an older one was there */
	ACCESS_CACHE_MISS,  /* made for it */
	ACCESS_CACHE_JOIN,  /* made for another one at the same time */
	ACCESS_CACHE_OFF,   /* made without the cache */
	ACCESS_CACHE_WAYS,
};
const char *access_cache_name(enum access_cache way);

/* Points of a request's way, in clock_now_us; 0: it did not come so far. */
struct access_times {
	uint64_t start;	  /* a thread has it */
	uint64_t planned; /* it is known what to do: waiting for a slot begins */
	uint64_t entered; /* a slot was given, or refused */
	uint64_t running; /* the programs run */
	uint64_t first;	  /* their first byte */
	uint64_t done;	  /* they have ended; sending begins (live: is over) */
	uint64_t end;
};

struct access {
	const char *id, *method, *uri; /* method, uri: NULL when absent */
	const char *recipe;	       /* NULL: none was found */
	bool refresh; /* no request: a conversion for the cache alone, whose URL this was */
	int status;   /* that was sent, or would have been */
	enum outcome outcome;
	bool broken; /* the stream was broken on purpose */
	uint64_t spliced, copied;
	struct access_times times;
	/* Of the programs together; converted false: none was started. */
	bool converted;
	const char *start;	     /* "cold", "warm" */
	char exit[ACCESS_EXIT_SIZE]; /* of each: "0", "signal:9", with commas between */
	uint64_t cpu_us, peak_kib;
	enum access_cache cache;
	const char *reason; /* what ended it, ours or not; "" */
	const char *words;  /* the end of the converter's stderr, when it failed; "" */
};

/* Durations; 0 when one of the two points was not reached. */
uint64_t access_queue_us(const struct access_times *times);
uint64_t access_start_us(const struct access_times *times);
uint64_t access_convert_us(const struct access_times *times);
uint64_t access_first_us(const struct access_times *times); /* since a slot was given */
uint64_t access_send_us(const struct access_times *times);
uint64_t access_total_us(const struct access_times *times);

/* Something went wrong that an operator should look at: not a client's mistake, not a full queue.
 */
bool access_is_failure(const struct access *access);

/* The value of a Server-Timing field (W3C Server Timing) for what is over at times->end. */
enum { ACCESS_TIMING_SIZE = 128 };
void access_server_timing(const struct access_times *times, char out[ACCESS_TIMING_SIZE]);

/* The request's one line. */
void access_log(const struct access *access);

/* A second line with all timings and the programs' argv as a shell would want it; argv[i] is
 * NULL-terminated. */
void access_log_slow(const struct access *access, char **const *argv, unsigned programs);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_OBSERVE_ACCESS_H
#define SRC_OBSERVE_ACCESS_H

/*
 * The account of a request that has ended: for its line in the log, the slow log, and the counters.
 * Values only; the strings are borrowed. One thread at a time uses it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "src/http/outcome.h"

enum {
	ACCESS_EXIT_SIZE = 64,
	ACCESS_REASON_MAX = 512,
	ACCESS_URL_MAX = 512,
	ACCESS_STDERR_MAX = 1024
};

/* Where the result of a request came from. */
enum access_cache {
	ACCESS_CACHE_NONE, /* the request needed no result */
	ACCESS_CACHE_HIT,
	ACCESS_CACHE_STALE, /* an older result was sent */
	ACCESS_CACHE_MISS,  /* a conversion for this request */
	ACCESS_CACHE_JOIN,  /* a conversion for another request, joined */
	ACCESS_CACHE_OFF,   /* a conversion without the cache */
	ACCESS_CACHE_WAYS,
};
const char *access_cache_name(enum access_cache way);

/* When the request reached each step, by clock_now_us; 0: it did not reach it. */
struct access_times {
	uint64_t start;	  /* a thread has taken it */
	uint64_t planned; /* the plan is made; the wait for a slot begins */
	uint64_t entered; /* it got a slot, or was refused one */
	uint64_t running; /* the programs are started */
	uint64_t first;	  /* their first byte */
	uint64_t done;	  /* they have ended; sending begins (whole) or has ended (live) */
	uint64_t end;
};

struct access {
	const char *id, *method, *uri; /* method, uri: NULL when absent */
	const char *recipe;	       /* NULL: no recipe was found */
	bool refresh; /* a conversion for the cache alone, started by the request of this URL */
	int status;   /* the one that was sent, or that would have been sent */
	enum outcome outcome;
	bool broken; /* a live answer failed half-way, and its connection was closed */
	uint64_t spliced, copied;
	struct access_times times;
	/* About all programs together. converted: at least one was started. */
	bool converted;
	const char *start;	     /* "cold", "warm" */
	char exit[ACCESS_EXIT_SIZE]; /* of each program: "0" or "signal:9", separated by commas */
	uint64_t cpu_us, peak_kib;
	enum access_cache cache;
	const char *reason; /* what ended the request early; "" */
	const char *
		stderr_tail; /* the end of what the converter wrote to stderr, when it failed; "" */
};

/* Durations; 0 when one of the two steps was not reached. */
uint64_t access_queue_us(const struct access_times *times);
uint64_t access_start_us(const struct access_times *times);
uint64_t access_convert_us(const struct access_times *times);
uint64_t access_first_us(const struct access_times *times); /* since it got a slot */
uint64_t access_send_us(const struct access_times *times);
uint64_t access_total_us(const struct access_times *times);

/* Whether an operator should look at it: not a client's mistake, not a full queue. */
bool access_is_failure(const struct access *access);

/* The value of a Server-Timing field (W3C Server Timing), up to times->end. */
enum { ACCESS_TIMING_SIZE = 128 };
void access_server_timing(const struct access_times *times, char out[ACCESS_TIMING_SIZE]);

/* Writes the request's line of the log. */
void access_log(const struct access *access);

/* Writes a second line, with all timings and the programs' arguments quoted for a shell. argv[i] is
 * NULL-terminated. */
void access_log_slow(const struct access *access, char **const *argv, unsigned programs);

#endif

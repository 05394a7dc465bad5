/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_STORAGE_H
#define SRC_REQUEST_STORAGE_H

/*
 * The requests that are just being looked up in the file system of the sources. Such a call may
 * hang in the kernel for as long as the file system likes, and nothing can end it. So the main
 * thread takes the request from a worker that has hung for too long, and answers it; the worker
 * only frees it, whenever it comes back. And further requests for a directory that hangs are
 * refused, so that it does not get all workers.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/text.h"

enum {
	STORAGE_NAME_MAX = 128,
	STORAGE_ANSWER_MS = 10000, /* then the main thread answers */
	STORAGE_SLOW_MS = 1000,	   /* from here on a look-up counts as hanging */
	STORAGE_SAME_MAX = 4,	   /* hanging look-ups in one directory; further ones are refused */
};

struct storage;

/* One look-up; in memory that its thread owns. */
struct storage_wait {
	TAILQ_ENTRY(storage_wait) entry;
	uint64_t since_ms;
	void *request;
	bool claimed, released;
	char directory[STORAGE_NAME_MAX]; /* of the URL; its beginning */
};

/* Returns 0 or -ENOMEM. */
int storage_new(struct storage **out);
/* No look-up may be under way. NULL is fine. */
void storage_free(struct storage *storage);

/* How many look-ups may hang in all before every further one is refused. Any thread; unlimited at
 * first. */
void storage_set_limit(struct storage *storage, unsigned hanging_max);

/* Worker: a look-up begins. Returns false when it must not, with the reason for the log. */
bool storage_enter(struct storage *storage, struct storage_wait *wait, void *request,
	const char *uri, struct text *reason);
/* Worker: it has come back. Returns false when the main thread has answered the request. */
bool storage_leave(struct storage *storage, struct storage_wait *wait);

/* Main thread: a request has gone to a worker, or a worker has got past its look-up (any thread).
 * While there are such requests, storage_due names a time. */
void storage_expect(struct storage *storage);
void storage_settle(struct storage *storage);
uint64_t storage_due(struct storage *storage);
bool storage_is_due(struct storage *storage);

/* Main thread: a look-up that has hung for STORAGE_ANSWER_MS, or NULL. Its request is the main
 * thread's until storage_release. */
struct storage_wait *storage_claim(struct storage *storage);
void storage_release(struct storage *storage, struct storage_wait *wait);

/* What hangs now. Any thread. */
struct storage_view {
	unsigned hanging;    /* look-ups */
	uint64_t longest_ms; /* 0: none hangs */
	char directory[STORAGE_NAME_MAX];
};
struct storage_view storage_look(struct storage *storage);

#endif

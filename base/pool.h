/* SPDX-License-Identifier: MIT */
#ifndef BASE_POOL_H
#define BASE_POOL_H

/*
 * Worker threads that come with the work and go when there is none.
 */

#include <stddef.h>

struct pool;

/* threads_max: at most so many. Returns 0 or -errno. */
int pool_new(unsigned threads_max, struct pool **out);
/* Waits until all work is done. NULL is fine. */
void pool_free(struct pool *pool);

/* Another bound, for threads that come from now on. Any thread. */
void pool_set_threads(struct pool *pool, unsigned threads_max);

/* Has run(data, item) called by some thread: soon, or when all threads_max are busy by the first
 * that is not, in order of arrival. -EAGAIN: no further thread can be had, or -ENOMEM; the item
 * stays the caller's. Any thread. */
int pool_submit(struct pool *pool, void (*run)(void *data, void *item), void *data, void *item);

#endif

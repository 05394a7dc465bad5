/* SPDX-License-Identifier: MIT */
#ifndef BASE_POOL_H
#define BASE_POOL_H

/*
 * Worker threads that start when there is work and end when there is none.
 */

#include <stddef.h>

struct pool;

/* Returns 0 or -errno. */
int pool_new(unsigned threads_max, struct pool **out);
/* Waits until all work is done. NULL is fine. */
void pool_free(struct pool *pool);

/* Sets another limit for threads that start from now on. Any thread. */
void pool_set_threads(struct pool *pool, unsigned threads_max);

/* Has a worker call run(data, item): at once, or, when threads_max workers are busy, by the first
 * that is free, in order of arrival. Returns 0, -EAGAIN when no further thread can be started, or
 * -ENOMEM; the item stays the caller's then. Any thread. */
int pool_submit(struct pool *pool, void (*run)(void *data, void *item), void *data, void *item);

#endif

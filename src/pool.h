/* SPDX-License-Identifier: MIT */
#ifndef SRC_POOL_H
#define SRC_POOL_H

/*
 * Worker threads that come with the work and go when there is none.
 */

#include <stddef.h>

struct pool;

/* threads_max: at most so many. Returns 0 or -errno. */
int pool_new(unsigned threads_max, struct pool **out);
/* Waits until all work is done. NULL is fine. */
void pool_free(struct pool *pool);

/* Has run(data, item) called by some thread, soon. -EAGAIN: every thread is busy and no further one
 * can be had; the item stays the caller's. Any thread. */
int pool_submit(struct pool *pool, void (*run)(void *data, void *item), void *data, void *item);

#endif

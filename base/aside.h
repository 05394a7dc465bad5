/* SPDX-License-Identifier: MIT */
#ifndef BASE_ASIDE_H
#define BASE_ASIDE_H

/*
 * A call that may hang in the kernel for as long as a file system likes, made in a thread of its
 * own, so that the caller can go on without it. Any thread.
 */

#include <stdint.h>

/* Runs work(data) in another thread and waits for it, until until_ms (clock_now_ms) at most.
 * Returns 0 when it is done; data is the caller's again then. Returns -ETIMEDOUT when it is not:
 * data belongs to the thread, which calls release(data) whenever the work is done. Returns another
 * -errno when there is no thread or memory, or when too many calls hang already: nothing was run,
 * and data is the caller's. */
int aside_run(void (*work)(void *data), void (*release)(void *data), void *data, uint64_t until_ms);

#endif

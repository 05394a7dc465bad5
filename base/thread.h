/* SPDX-License-Identifier: MIT */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * Threads that are not joined. Any thread.
 */

#include <stddef.h>

/* Starts a thread with a stack of this size. Returns 0 or -errno: mostly -EAGAIN, because the
 * system gives no thread (RLIMIT_NPROC, TasksMax of the unit, memory). This function logs that, now
 * and then; the caller only refuses what the thread was for. Do not call it under a lock, because
 * it writes to the log. */
int thread_start(size_t stack_bytes, void *(*run)(void *argument), void *argument);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * Threads that nobody joins. Any thread.
 */

#include <stddef.h>

/* Starts one with a stack of this size. Returns 0 or -errno: mostly -EAGAIN, because the system
 * gives none (RLIMIT_NPROC, TasksMax of the unit, memory). That is said in the log, once in a
 * while: the caller only has to refuse what the thread was for. It writes to the log, so it is
 * not called under a lock. */
int thread_start(size_t stack_bytes, void *(*run)(void *argument), void *argument);

#endif

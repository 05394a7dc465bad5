/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_QUEUE_H
#define BASE_LOG_QUEUE_H

/* Complete lines on their way to the log's thread; for log*.c alone. Any thread, except start and
 * stop: main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* See log_start and log_stop. */
int log_queue_start(void);
void log_queue_stop(void);

/* One line, in pieces. False: there is no thread, the caller has to write. What has no room is
 * dropped and counted. */
bool log_queue_put(const struct iovec *parts, int count);

/* Has the file opened again by the thread. False: there is no thread. */
bool log_queue_reopen(void);

/* A line could not be written. */
void log_queue_count_drop(void);
uint64_t log_queue_dropped(void);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_QUEUE_H
#define BASE_LOG_QUEUE_H

/* Complete lines on their way to the log's thread; for log.c alone. Any thread, except start and
 * stop: main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* See log_start and log_stop. */
int log_queue_start(void);
void log_queue_stop(void);

/* Takes one line, in parts. What has no room is dropped and counted. False: there is no thread, the
 * caller has to write. */
bool log_queue_put(const struct iovec *parts, int count);

/* Has the thread open the file again. False: there is no thread. */
bool log_queue_reopen(void);

/* Counts a line that could not be written. */
void log_queue_count_drop(void);
uint64_t log_queue_dropped(void);

#endif

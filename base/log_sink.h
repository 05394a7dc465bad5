/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

/* Where lines go; for log*.c alone. Threads as in base/log.h. */

#include <stdbool.h>

#include "base/log.h"

int log_sink_open(const char *where);
/* That it failed is logged. */
void log_sink_reopen(void);

/* Puts head and end to a line and sends it, or gives it to the log's thread. `stamped`: it tells
 * its time and level itself. */
void log_sink_write(enum log_level level, const char *line, size_t length, bool stamped);

/* Sends a line that is complete. Waits for room LOG_SINK_PATIENCE_MS at most where the kernel
 * lets it: not in a file system that hangs. Returns 0, -EAGAIN when there was no room and nothing
 * is written, or another -errno: the line is lost. */
enum { LOG_SINK_PATIENCE_MS = 100 };
int log_sink_send(const char *line, size_t length);

/* "2026-11-23T03:40:41.123Z", of now. */
enum { LOG_TIME_SIZE = 32 };
void log_sink_time(char out[LOG_TIME_SIZE]);

#endif

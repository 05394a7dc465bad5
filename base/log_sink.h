/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

/* Where lines go; for log*.c alone. Threads as in base/log.h. */

#include <stdbool.h>

#include "base/log.h"

int log_sink_open(const char *where);
int log_sink_reopen(void);
uint64_t log_sink_dropped(void);
bool log_sink_blocks(void);

/* Sends a line without its end. `stamped`: it tells its time and level itself. */
void log_sink_write(enum log_level level, const char *line, size_t length, bool stamped);

/* "2026-11-23T03:40:41.123Z", of now. */
enum { LOG_TIME_SIZE = 32 };
void log_sink_time(char out[LOG_TIME_SIZE]);

#endif

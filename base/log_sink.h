/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

/* Where lines go; for log*.c alone. Threads as in base/log.h. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/log_line.h"

/* See log_open. */
int log_sink_open(const char *where);

/* See log_reopen. Returns 0 or -errno. */
int log_sink_reopen(void);
#define LOG_SINK_NOT_REOPENED "log not reopened: %s"

/* A line with what the sink puts before and behind it. Points into the line. */
enum { LOG_FRAME_PARTS = 3 };
struct log_frame {
	char head[128];
	struct iovec parts[LOG_FRAME_PARTS];
};
void log_sink_frame(struct log_frame *frame, const struct log_line *line);

enum { LOG_SINK_PATIENCE_MS = 100 };

/* Writes a line without the log's thread. Waits for room LOG_SINK_PATIENCE_MS at most, and not at
 * all for a datagram. False: the line is lost. */
bool log_sink_write(const struct log_frame *frame);

/* Writes a complete line, for the log's thread. Waits for room LOG_SINK_PATIENCE_MS at most, where
 * the kernel allows that: a file system may hang. Returns 0, -EAGAIN when there was no room and
 * nothing is written, or another -errno: the line is lost. */
int log_sink_send(const char *line, size_t length);

#endif

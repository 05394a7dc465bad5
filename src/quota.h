/* SPDX-License-Identifier: MIT */
#ifndef SRC_QUOTA_H
#define SRC_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether what lies below the directory `name` takes more than `limit` bytes on the disk. A file counts at least as a block,
 * and too many of them, or too deep, is too much in any case: so the look itself is bounded. A file that is open but has no
 * name any more is not seen here, but by the meter (spawn/meter.h). Any thread.
 */
bool quota_is_exceeded(int parent_fd, const char *name, uint64_t limit);

#endif

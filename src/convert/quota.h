/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_QUOTA_H
#define SRC_CONVERT_QUOTA_H

#include <stdint.h>

enum { QUOTA_KEPT = 0, QUOTA_EXCEEDED = 1 };

/*
 * Whether what lies below the directory `name` takes more than `limit` bytes on the disk. A file
 * counts at least as a block, and too many of them, or too deep, is too much in any case: so the
 * look itself is bounded, also by a second. A file that is open but has no name any more is not
 * seen here, but by the meter (spawn/meter.h). Needs two descriptors. Any thread. Returns
 * QUOTA_KEPT, QUOTA_EXCEEDED, or -errno: nobody knows.
 */
int quota_look(int parent_fd, const char *name, uint64_t limit);

#endif

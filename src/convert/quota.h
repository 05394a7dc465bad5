/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_QUOTA_H
#define SRC_CONVERT_QUOTA_H

#include <stdint.h>

enum { QUOTA_KEPT = 0, QUOTA_EXCEEDED = 1 };

/*
 * Whether the files below the directory `name` take more than `limit` bytes on the disk. A file
 * counts at least as one block. Too many files, or too deep ones, exceed the limit in any case, so
 * the look is bounded; it takes at most a second. The meter (spawn/meter.h) measures open files
 * without a name. Needs two descriptors. Any thread. Returns QUOTA_KEPT, QUOTA_EXCEEDED, or -errno
 * when the directory could not be measured.
 */
int quota_look(int parent_fd, const char *name, uint64_t limit);

#endif

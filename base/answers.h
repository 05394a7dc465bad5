/* SPDX-License-Identifier: MIT */
#ifndef BASE_ANSWERS_H
#define BASE_ANSWERS_H

/*
 * Whether a file system answers at all, without waiting for it longer than the caller wants.
 */

/* Waits until the file system of path has answered, with whatever result, for wait_ms at most.
 * Returns 0, or -ETIMEDOUT, or -errno when that cannot be asked. A process that still waits then is
 * left alone: it holds no descriptor, is no child of the caller, and ends when the file system
 * answers. Any thread. */
int answers_within(const char *path, int wait_ms);

#endif

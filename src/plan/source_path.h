/* SPDX-License-Identifier: MIT */
#ifndef SRC_PLAN_SOURCE_PATH_H
#define SRC_PLAN_SOURCE_PATH_H

/* The name by which a program opens descriptor `fd` of its own: below /dev/fd, or below
 * /proc/self/fd where a container has no /dev/fd. Any thread; looks at the first call only. */
void source_path(int fd, char out[32]);

#endif

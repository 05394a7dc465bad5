/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_SPILL_H
#define SRC_PUMP_SPILL_H

/*
 * Where output goes that is too long for a pipe: an unnamed file. Any thread.
 */

#include <stdint.h>

/* Opens one in the directory (O_TMPFILE; where the file system has none, a file that is unlinked at
 * once). Returns the descriptor or -errno. */
int spill_open(int directory_fd);

/* One in memory, for what has been in a pipe. Likewise. */
int spill_open_memory(void);

/* Appends size bytes, which should be in the pipe already, with splice(2) or, where it cannot be,
 * with a buffer. The pipe's end must be non-blocking. Returns 0, -ENODATA when another reader has
 * taken some of them, or another -errno. */
int spill_pipe(int pipe, int file, uint64_t size);

/* Copies the first size bytes of one file to another empty one. Returns 0 or -errno. */
int spill_copy(int from, int to, uint64_t size);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_SPILL_H
#define SRC_PUMP_SPILL_H

/*
 * Files for output that does not fit into a pipe, and for copies of sources. Any thread.
 */

#include <stdint.h>

/* Opens a file in the directory with O_TMPFILE. A file system without O_TMPFILE gets a file that is
 * unlinked at once. Returns the descriptor or -errno. */
int spill_open(int directory_fd);

/* Opens a file with a name, in place of what may have it. The caller removes it. Returns the
 * descriptor or -errno. */
int spill_open_named(int directory_fd, const char *name);

/* Opens a file in memory, for output that fitted into a pipe. Returns the descriptor or -errno. */
int spill_open_memory(void);

/* Moves size bytes from the pipe to the end of the file, by splice(2) or, where that is not
 * possible, through a buffer. The bytes should be in the pipe already; the pipe's end must be
 * non-blocking. Returns 0, -ENODATA when another reader has taken some of them, or another -errno.
 */
int spill_pipe(int pipe, int file, uint64_t size);

/* Copies the first size bytes of a file to another, empty file. Returns 0 or -errno. */
int spill_copy(int from, int to, uint64_t size);

#endif

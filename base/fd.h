/* SPDX-License-Identifier: MIT */
#ifndef BASE_FD_H
#define BASE_FD_H

/*
 * Descriptors. An absent descriptor is -1. Every descriptor of the project is born close-on-exec.
 * All functions here may be called from any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes *fd unless it is -1 and sets it to -1. errno is kept. close(2) is never retried. */
void fd_close(int *fd);

/* For `FD_CLEANUP int fd = -1;`: closed when it goes out of scope. */
#define FD_CLEANUP __attribute__((cleanup(fd_close)))

/* Gives the value of *fd away: *fd is -1 afterwards. */
int fd_take(int *fd);

/* Opens /proc/self/fd/<fd> again: a new open file description with an offset of its own.
 * flags as for open(2). Returns the descriptor or -errno. */
int fd_reopen(int fd, int flags);

/* True on a local file system, where metadata never waits for a network. */
bool fd_is_local(int fd);

/* Writes all of data, through EINTR and short writes, for blocking descriptors.
 * Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Raises the soft limit of open files to the hard one; returns the limit in force. */
unsigned long fd_raise_limit(void);

/* Makes the kernel's table large enough for so many descriptors. In a process with threads, the
 * call that needs a larger table waits some 15 ms. The table never shrinks, so this is called
 * before there are threads. When it fails, the table grows later. */
void fd_reserve(unsigned long count);

#endif

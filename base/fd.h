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

/* Whether it lies on a file system of this machine: all that is known of its files is known without
 * asking anybody. */
bool fd_is_local(int fd);

/* Writes all of data, through EINTR and short writes, for blocking descriptors.
 * Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Raises the soft limit of open files to the hard one; returns the limit in force. */
unsigned long fd_raise_limit(void);

/* Makes the kernel's table large enough for so many descriptors. A process with threads waits some
 * 15 ms in whichever call needs a larger one, and the table never shrinks: so this is called before
 * there are threads. What cannot be had now is made when it is needed. */
void fd_reserve(unsigned long count);

#endif

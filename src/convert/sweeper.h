/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_SWEEPER_H
#define SRC_CONVERT_SWEEPER_H

/*
 * Removes directories that jobs have left full, in a thread that serves no request. A directory
 * that cannot be removed is tried again, at growing intervals. The spawner removes the rest at the
 * end of the daemon. Any thread.
 */

struct sweeper;

/* temp_fd: the daemon's own directory, borrowed. The thread exists only while there is something to
 * remove. Returns 0 or -errno. */
int sweeper_new(int temp_fd, struct sweeper **out);
/* Waits for no more than the present system call of the thread. NULL is fine. */
void sweeper_free(struct sweeper *sweeper);

/* Takes the directory `name` (at most WORKDIR_NAME_MAX bytes) below temp_fd: renames it and removes
 * it later. When the thread falls behind, the caller has to help for some seconds. Returns 0, or
 * -errno when the directory could not be renamed; it is removed later in this case, too. */
int sweeper_take(struct sweeper *sweeper, const char *name);

#endif

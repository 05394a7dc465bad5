/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_SWEEPER_H
#define SRC_CONVERT_SWEEPER_H

/*
 * Removes what jobs have left behind, in a thread that serves nobody. What cannot be removed now is
 * tried again, later and later, until the daemon ends; the spawner removes the rest. Any thread.
 */

struct sweeper;

/* temp_fd: the daemon's own directory, borrowed. There is a thread only while there is something
 * to remove. Returns 0 or -errno. */
int sweeper_new(int temp_fd, struct sweeper **out);
/* Does not wait for more than the system call that the thread is in. NULL is fine. */
void sweeper_free(struct sweeper *sweeper);

/* Takes the directory `name` (of WORKDIR_NAME_MAX bytes at most) below temp_fd: it has another
 * name from now on, and is removed. A caller that makes more than can be removed has to help,
 * for some seconds. Returns 0, or -errno: the name is not free, although the rest is as said. */
int sweeper_take(struct sweeper *sweeper, const char *name);

#endif

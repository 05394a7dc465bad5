/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_GROUP_H
#define SPAWN_GROUP_H

/* Signals to a job's leader and to its process group. Used by the daemon and by the spawner. Any
 * thread. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* To every member of the group whose id is that of the pidfd's process. On Linux before 6.9 by
 * number: the caller knows that the leader has not been reaped. Returns 0 or -errno (ESRCH: nobody
 * there). */
int group_signal(int pidfd, pid_t pgid, int signal);

/* The same from a process with FILTER_WATCH_SIGNALS, which would wait for itself: with the first of
 * its keys. */
int group_signal_watched(int pidfd, pid_t pgid, int signal, uint64_t key);

/* To the leader alone. Returns 0 or -errno. */
int group_signal_leader(int pidfd, int signal);

/* False when the leader has ended and its parent has reaped it. */
bool group_leader_exists(int pidfd);

#endif

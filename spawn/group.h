/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_GROUP_H
#define SPAWN_GROUP_H

/* Signals to a job's leader and to its process group. Used by the daemon and by the spawner. Any
 * thread. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* To every member of the group that the pidfd's process leads. Linux before 6.9 needs the number:
 * the caller makes sure that the leader has not been reaped. Returns 0 or -errno (-ESRCH: the group
 * is empty). */
int group_signal(int pidfd, pid_t pgid, int signal);

/* The same for a process with FILTER_WATCH_SIGNALS, which would otherwise wait for its own answer.
 * The key is the first of filters.keys. */
int group_signal_watched(int pidfd, pid_t pgid, int signal, uint64_t key);

/* To the leader alone. Returns 0 or -errno. */
int group_signal_leader(int pidfd, int signal);
int group_signal_leader_watched(int pidfd, int signal, uint64_t key);

/* False when the leader has ended and its parent has reaped it. */
bool group_leader_exists(int pidfd);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FIRST_PROCESS_H
#define SPAWN_FIRST_PROCESS_H

/*
 * A container's command is the first process of its pid namespace. The kernel makes it the parent
 * of every orphan there: what a converter leaves behind where jobs have no pid namespace of their
 * own, or what a health check does. Such processes stay zombies until their parent waits for them.
 */

#include <stdbool.h>

/* In the main thread, before there are threads, children or files of the daemon's own. Does nothing
 * unless this is process 1. There it returns in a new process, which becomes the daemon, and
 * process 1 never returns: it passes on the daemon's signals, reaps orphans, and exits with the
 * daemon's exit status. When a signal has ended the daemon, it waits five seconds at most for the
 * spawner to clean up, and exits with 128 and the number of the signal. */
void first_process_split(void);

/* Whether the parent is the process 1 that first_process_split has left behind. */
bool first_process_is_parent(void);

#endif

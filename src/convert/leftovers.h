/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_LEFTOVERS_H
#define SRC_CONVERT_LEFTOVERS_H

/*
 * Temporary directories of daemons that were killed together with all their processes, as when a
 * container is killed or the power fails. Nobody else removes them. A thread looks for them once,
 * at the start: those of this user whose lock (src/convert/temp.h) nobody holds.
 */

struct leftovers;

/* Looks below temp_path, for some minutes at most. Main thread, after the daemon has confined
 * itself. Returns 0 or -errno. */
int leftovers_begin(const char *temp_path, struct leftovers **out);
/* Stops the thread and waits for no more than its present system call. NULL is fine. */
void leftovers_end(struct leftovers *leftovers);
/* The process ends: stops the thread and waits for nothing. NULL is fine. */
void leftovers_abandon(struct leftovers *leftovers);

#endif

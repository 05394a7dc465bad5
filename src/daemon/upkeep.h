/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_UPKEEP_H
#define SRC_DAEMON_UPKEEP_H

/*
 * Two threads that start processes again: one restarts a lost spawner, the other tends the holders
 * of the launcher. Either may wait for seconds for a process that does not answer, and the loop
 * must not. Main thread.
 */

#include "src/convert/starter.h"
#include "src/observe/metrics.h"

struct upkeep;

/* starter and metrics are borrowed until upkeep_free. Both threads are confined as the caller's
 * thread is. Returns 0 or -errno. */
int upkeep_new(struct starter *starter, struct metrics *metrics, struct upkeep **out);
/* For a process that is about to end without upkeep_free: no process is started again, and the
 * threads end by themselves. Does not wait. */
void upkeep_abandon(struct upkeep *upkeep);
/* No job may be running any more. Waits for a start that is under way. NULL is fine. */
void upkeep_free(struct upkeep *upkeep);

#endif

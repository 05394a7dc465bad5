/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_UPKEEP_H
#define SRC_DAEMON_UPKEEP_H

/*
 * Two threads beside the loop that start processes again: one restarts a lost spawner, the other
 * tends the launcher's holders. Either may wait for seconds for a process that does not answer,
 * which the loop must not. They live as long as there may be jobs, because a job dies with the
 * thread that started its spawner or holder. Main thread.
 */

#include "src/request/service.h"

struct upkeep;

/* service stays the caller's; both threads are confined as the caller's thread is. Returns 0 or
 * -errno. */
int upkeep_new(struct service *service, struct upkeep **out);
/* Nothing is started again from now on. Does not wait. */
void upkeep_stop(struct upkeep *upkeep);
/* No job may be running any more. Waits for what is under way. NULL is fine. */
void upkeep_free(struct upkeep *upkeep);

#endif

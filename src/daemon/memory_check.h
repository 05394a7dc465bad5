/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_MEMORY_CHECK_H
#define SRC_DAEMON_MEMORY_CHECK_H

#include <stdint.h>

#include "src/config/config.h"

/* Warns when conversions that run at once may use more memory than the daemon's cgroup has.
 * limit_bytes: of the cgroup; 0: it has none. Any thread. */
void memory_check(const struct config *config, uint64_t limit_bytes);

#endif

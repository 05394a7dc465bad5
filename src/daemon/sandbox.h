/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_SANDBOX_H
#define SRC_DAEMON_SANDBOX_H

/* What the daemon says and does about confinement: of its jobs, and of itself. Main thread. */

#include "src/config/config.h"
#include "src/request/service.h"

/* Whether this kernel can do what the configuration requires; an error is logged. Returns 0 or
 * -ENOTSUP. */
int sandbox_check(const struct service *service, const struct config *config);

/* Logs what the kernel lacks, and every recipe whose jobs are not confined. */
void sandbox_report(const struct service *service, const struct config *config);

/* Confines this thread, and all threads and programs that it starts, to what a running daemon
 * needs: reading everywhere, writing only in its temporary directory, its cache, beside its log and
 * its sockets. Not when a recipe has `confine = off`: a spawner or holder that has to be started
 * again would be confined, too. socket_paths end with NULL. Returns 0 or -errno. */
int sandbox_enter(const struct service *service, const struct config *config,
	const char *const *socket_paths);

#endif

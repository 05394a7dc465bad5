/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_SANDBOX_H
#define SRC_DAEMON_SANDBOX_H

/*
 * Confinement, as far as the daemon itself is concerned: what this system can do, and the
 * self-sandbox.
 */

#include "src/config/config.h"
#include "src/convert/starter.h"

/* Checks that this system can do what the configuration requires. Returns 0, or -ENOTSUP, which is
 * logged. Any thread. */
int sandbox_check(const struct spawner *spawner, const struct config *config);

/* Logs what this system lacks, and each recipe whose jobs are not confined. Any thread. */
void sandbox_report(const struct spawner *spawner, const struct config *config);

/* Confines this thread, and all threads and programs that it starts, to what a running daemon
 * needs. It may read everything. It may write only in its temporary directory, in its cache, and in
 * the directories of its log and its sockets. Does nothing when a recipe has `confine = off`:
 * otherwise a spawner or holder that is started later would be confined. cached: the cache of the
 * configuration is open; otherwise the directory that holds it may be written in, too. socket_paths
 * ends with NULL. Main thread. Returns 0 or -errno. */
int sandbox_enter(const struct starter *starter, const struct config *config, bool cached,
	const char *const *socket_paths);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_PROCESS_H
#define SPAWN_PROCESS_H

/* What spawner.c hands to spawner_main.c across posix_spawn: argv is name, SPAWNER_ARGUMENT, one of
 * the two modes, the temporary directory or ""; and these descriptors beside 0, 1 (/dev/null) and 2
 * (stderr). */

enum { SPAWNER_SOCKET_FD = 3, SPAWNER_DAEMON_FD = 4, SPAWNER_ARGC = 4 };

#define SPAWNER_NAMESPACES "namespaces"
#define SPAWNER_NO_NAMESPACES "no-namespaces"

#endif

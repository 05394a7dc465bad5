/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_USER_H
#define SRC_DAEMON_USER_H

/*
 * The user that the daemon runs as. Main thread, before there are others.
 */

#include "src/config/config.h"
#include "src/daemon/listeners.h"

/* Gives the sockets that the daemon made to the user and group of the configuration, and becomes
 * that user if the process is root's. Returns 0 or -errno, which is logged. */
int user_become(const struct config *config, const struct listeners *listeners);

/* The same for a command without sockets. As root without `user`, the process stays root's, which
 * is logged as a warning. Returns 0 or -errno, which is logged. */
int user_become_alone(const struct config *config);

/* The user that the daemon becomes, or would become if it were root. (uid_t)-1: the configuration
 * names a user that does not exist. */
uid_t user_get_uid(const struct config *config);

#endif

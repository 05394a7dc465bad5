/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_USER_H
#define SRC_DAEMON_USER_H

/*
 * Who the daemon is: gives the sockets that it made to the user and group of the configuration, and
 * becomes that user when it was started as root. Main thread, before there are others.
 */

#include "fcgi/listener.h"
#include "src/config/config.h"

/* Returns 0 or -errno, which has been logged. */
int user_become(const struct config *config, const struct listener *listeners, size_t count);

/* The user that it becomes, or would if it were root; (uid_t)-1: there is none of that name. */
uid_t user_get_uid(const struct config *config);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_PREFLIGHT_H
#define SRC_DAEMON_PREFLIGHT_H

/*
 * What the daemon cannot do without, looked at before anything else: a container, a profile of
 * system calls or an old kernel may not have it, and whatever failed later would not say so.
 */

/* Logs an error for each thing that is missing. Returns 0, or the -errno of the first one. Main
 * thread. */
int preflight_check(void);

#endif

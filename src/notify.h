/* SPDX-License-Identifier: MIT */
#ifndef SRC_NOTIFY_H
#define SRC_NOTIFY_H

/*
 * What a service manager is told (sd_notify(3)), when it wants to know: NOTIFY_SOCKET. Main thread.
 */

#include <stdint.h>

struct notify {
	int fd;		      /* -1: nobody listens */
	uint64_t watchdog_ms; /* how often WATCHDOG=1 is due; 0: never */
	uint64_t due_ms;
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. What cannot be reached
 * is as if nobody listened. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

void notify_ready(const struct notify *notify);
void notify_reloading(const struct notify *notify);
void notify_stopping(const struct notify *notify);
/* When it is due; returns when it is due next (clock_now_ms), or CLOCK_NEVER. */
uint64_t notify_watchdog(struct notify *notify);

#endif

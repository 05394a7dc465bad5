/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_NOTIFY_H
#define SRC_DAEMON_NOTIFY_H

/*
 * What a service manager is told (sd_notify(3)), when it wants to know: NOTIFY_SOCKET. Main thread.
 */

#include <stdint.h>
#include <sys/types.h>

struct notify {
	int fd;		      /* -1: nobody listens */
	uint64_t watchdog_ms; /* how often WATCHDOG=1 is due; 0: never */
	uint64_t due_ms;
	char owed[80];	  /* what the manager's socket had no room for; "": nothing */
	uint64_t owed_ms; /* when it is tried again */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. What cannot be
 * reached is as if nobody listened. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* None of them waits for a manager that does not read: the last that had no room is sent by
 * notify_tend. */
void notify_ready(struct notify *notify);
void notify_reloading(struct notify *notify);
void notify_stopping(struct notify *notify);
/* Another process serves in this one's place; nothing is told after that. */
void notify_successor(struct notify *notify, pid_t pid);
/* Goes on in the place of another process, over its socket, which is taken; only when the manager
 * has told us no socket of our own. */
void notify_adopt(struct notify *notify, int fd, uint64_t watchdog_ms);
/* Says what is due, the watchdog's message among it; returns when something is due next
 * (clock_now_ms), or CLOCK_NEVER. */
uint64_t notify_tend(struct notify *notify);

#endif

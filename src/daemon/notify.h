/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_NOTIFY_H
#define SRC_DAEMON_NOTIFY_H

/*
 * Messages to the service manager (sd_notify(3)), if it has set NOTIFY_SOCKET. Main thread.
 *
 * No function but notify_close waits for a manager that does not read. notify_tend sends the last
 * state again when there was no room for it.
 */

#include <stdint.h>
#include <sys/types.h>

struct notify {
	int fd;		      /* -1: there is no manager */
	uint64_t watchdog_ms; /* how often WATCHDOG=1 is due; 0: never */
	uint64_t due_ms;      /* when it is due next */
	char unsent[80];      /* the state for which there was no room; "": none */
	uint64_t again_ms;    /* when it is sent again */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. A socket that cannot
 * be reached counts as none. */
void notify_open(struct notify *notify);
/* Waits for a second at most, for room for a state that has not been sent. */
void notify_close(struct notify *notify);

void notify_ready(struct notify *notify);
void notify_reloading(struct notify *notify);
void notify_stopping(struct notify *notify);
/* Another process serves from now on. Nothing else is sent after that. */
void notify_successor(struct notify *notify, pid_t pid);
/* Continues for another process over its socket. Takes fd, and closes it when this process has a
 * socket of its own from the manager. */
void notify_adopt(struct notify *notify, int fd, uint64_t watchdog_ms);
/* Sends what is due. Returns when something is due next (clock_now_ms), or CLOCK_NEVER. */
uint64_t notify_tend(struct notify *notify);

#endif

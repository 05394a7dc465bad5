/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_REBIND_H
#define SRC_DAEMON_REBIND_H

/*
 * The files of the daemon's Unix sockets. One that has been removed, by a cleaner or by hand, is
 * bound again: no web server could connect otherwise, and nothing else would tell. Main thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/loop.h"
#include "src/daemon/listeners.h"
#include "src/daemon/upgrade.h"

struct rebind {
	uint64_t look_ms; /* of clock_now_ms: the next look */
	struct {
		bool missing; /* at the last look */
		bool told;    /* what hinders */
		mode_t mode;  /* of the file as the daemon made it */
		gid_t group;
	} at[LISTENER_MAX];
};

/* Notes the files as they are. The daemon is about to serve. */
void rebind_begin(struct rebind *rebind, const struct listeners *listeners);
/* Looks after the files when it is time, and returns when it is time again; CLOCK_NEVER: there are
 * none. */
uint64_t rebind_tend(struct rebind *rebind, struct listeners *listeners, struct fcgi_loop *loop,
	struct upgrade *upgrade);

#endif

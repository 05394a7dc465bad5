/* SPDX-License-Identifier: MIT */
#ifndef FCGI_EVENT_TARGET_H
#define FCGI_EVENT_TARGET_H

/*
 * A descriptor in an epoll set, and what its events point to (data.ptr). Embedded in what it stands
 * for. Threads: as its owner.
 */

#include <stdbool.h>
#include <stdint.h>

enum event_target_kind { TARGET_LISTENER, TARGET_WATCH, TARGET_PEER };

struct event_target {
	enum event_target_kind kind;
	int fd;	      /* borrowed */
	bool is_open; /* in the set */
};

/* Puts the target into the set. Opening an open one is fine. Returns 0 or -errno. */
int event_target_open(struct event_target *target, int epoll, uint32_t events);
/* Sets other events of an open target. Returns 0 or -errno. */
int event_target_change(struct event_target *target, int epoll, uint32_t events);
/* Takes the target out of the set; due before its descriptor is closed. A closed one is fine. */
void event_target_close(struct event_target *target, int epoll);

#endif

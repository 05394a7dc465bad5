/* SPDX-License-Identifier: MIT */
/* Closing a descriptor takes it out of an epoll set only when no other process has a copy of it.
 * Another daemon may have one after a socket handover, and a process that is just being started has
 * one until it executes its program. The set would go on to report events that point to freed
 * memory. So each target is deleted by name, and only here. */
#include "fcgi/event_target.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>

static int control(struct event_target *target, int epoll, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = target};
	return epoll_ctl(epoll, operation, target->fd, &event) < 0 ? -errno : 0;
}

int event_target_open(struct event_target *target, int epoll, uint32_t events)
{
	int r = target->is_open ? 0 : control(target, epoll, EPOLL_CTL_ADD, events);
	target->is_open = r == 0;
	return r;
}

int event_target_change(struct event_target *target, int epoll, uint32_t events)
{
	return control(target, epoll, EPOLL_CTL_MOD, events);
}

void event_target_close(struct event_target *target, int epoll)
{
	if (!target->is_open)
		return;
	int r = control(target, epoll, EPOLL_CTL_DEL, 0);
	/* It fails only when the descriptor was closed first. */
	assert(r == 0);
	(void)r;
	target->is_open = false;
}

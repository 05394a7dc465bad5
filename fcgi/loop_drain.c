/* SPDX-License-Identifier: MIT */
/* The end of a loop: nobody is let in any more, and whoever has nothing running is closed, or given
 * to the process that goes on with it. A request that is on its way already is served, here or
 * there. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "fcgi/loop_internal.h"

enum { FIRST_REQUEST_MS = 5000 /* for who came just before */ };

void fcgi_loop_hand_over(struct fcgi_loop *loop, int (*give)(void *data, int fd), void *data)
{
	loop->accepting = false;
	/* Closing a socket that another process has, too, does not take it out of the set. */
	for (size_t i = 0; i < loop->listener_count; i++)
		loop_arm(loop, &loop->listeners[i], EPOLL_CTL_DEL, 0);
	loop->listener_count = 0;
	pthread_mutex_lock(&loop->lock);
	loop->draining = true;
	loop->drain_ms = clock_now_ms();
	loop->give = give;
	loop->give_data = data;
	pthread_mutex_unlock(&loop->lock);
}

void fcgi_loop_drain(struct fcgi_loop *loop)
{
	fcgi_loop_hand_over(loop, NULL, NULL);
}

bool loop_give_away(struct fcgi_loop *loop, struct peer *peer)
{
	int r = loop->give(loop->give_data, peer->target.fd);
	if (r == -EAGAIN)
		return false;
	if (r == 0) {
		loop_close_parked(loop, peer);
		return true;
	}
	pthread_mutex_lock(&loop->lock);
	loop->give = NULL;
	pthread_mutex_unlock(&loop->lock);
	return false;
}

bool loop_has_input(const struct peer *peer)
{
	int bytes = 0;
	return ioctl(peer->target.fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* Workers only put peers before the first one, so what follows it is this thread's to walk through.
 */
void loop_leave_idle(struct fcgi_loop *loop)
{
	bool first_request = clock_now_ms() < loop->drain_ms + FIRST_REQUEST_MS;
	pthread_mutex_lock(&loop->lock);
	struct peer *peer = TAILQ_FIRST(&loop->idle);
	pthread_mutex_unlock(&loop->lock);
	while (peer) {
		struct peer *next = TAILQ_NEXT(peer, entry);
		if (loop->give) {
			if (!loop_give_away(loop, peer))
				return;
		} else if ((peer->served || !first_request) && !loop_has_input(peer)) {
			loop_close_parked(loop, peer);
		}
		peer = next;
	}
}

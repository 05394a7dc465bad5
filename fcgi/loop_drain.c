/* SPDX-License-Identifier: MIT */
/* The end of a loop. It accepts no more connections. Idle ones are closed, or given to the process
 * that goes on with them. A request that is already under way is served, here or there. */
#include <errno.h>

#include "base/clock.h"
#include "fcgi/loop_internal.h"

enum { FIRST_REQUEST_MS = 5000 /* for a peer that connected just before */ };

void fcgi_loop_hand_over(struct fcgi_loop *loop, int (*give)(void *data, int fd), void *data)
{
	loop->accepting = false;
	for (size_t i = 0; i < loop->listener_count; i++)
		event_target_close(&loop->listeners[i], loop->epoll);
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
		loop_peer_close(loop, peer);
		return true;
	}
	pthread_mutex_lock(&loop->lock);
	loop->give = NULL;
	pthread_mutex_unlock(&loop->lock);
	return false;
}

/* Workers insert at the head only, so this thread may walk behind the first peer without the lock.
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
		} else if ((peer->served || !first_request) && !loop_peer_has_input(peer)) {
			loop_peer_close(loop, peer);
		}
		peer = next;
	}
}

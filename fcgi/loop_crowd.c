/* SPDX-License-Identifier: MIT */
/* When all connections are taken, an idle one gives way to a new one. Otherwise a peer that opens
 * as many connections as there may be, and asks nothing, keeps all other peers out. A web server
 * does not miss an idle connection: it opens another one. */
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/loop_internal.h"

enum {
	CANDIDATES = 64,      /* looked at, the longest idle first */
	GRACE_MS = 1000,      /* for a new connection: its request may be under way */
	SAY_AGAIN_MS = 60000, /* in the log */
};

bool loop_has_caller(int listener)
{
	struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
	return poll(&poll_fd, 1, 0) > 0;
}

static bool may_go(const struct peer *peer, uint64_t now)
{
	return (peer->served || now >= peer->idle_ms + GRACE_MS) && !loop_peer_has_input(peer);
}

static void say(struct fcgi_loop *loop, uint64_t now)
{
	if (loop->crowded_said_ms != 0 && now < loop->crowded_said_ms + SAY_AGAIN_MS)
		return;
	log_notice("all connections are taken, closing the longest idle ones connections=%u",
		fcgi_loop_connections(loop));
	loop->crowded_said_ms = now;
}

bool loop_make_room(struct fcgi_loop *loop)
{
	uint64_t now = clock_now_ms();
	/* Under the lock, because workers insert at the head meanwhile. */
	pthread_mutex_lock(&loop->lock);
	struct peer *peer = TAILQ_LAST(&loop->idle, peers);
	for (int i = 0; peer && !may_go(peer, now); i++)
		peer = i < CANDIDATES ? TAILQ_PREV(peer, peers, entry) : NULL;
	pthread_mutex_unlock(&loop->lock);
	if (!peer)
		return false;
	say(loop, now);
	loop_peer_close(loop, peer);
	return true;
}

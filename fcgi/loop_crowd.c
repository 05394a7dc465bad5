/* SPDX-License-Identifier: MIT */
/* A connection that nobody uses is worth less than one that wants to come: otherwise a peer that
 * opens as many as there may be, and asks nothing, keeps all others out for as long as it likes. A
 * web server does not miss an idle connection: it opens another one. */
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/loop_internal.h"

enum {
	CANDIDATES = 64,      /* looked at, the longest idle first */
	GRACE_MS = 1000,      /* for one that has just connected: its request may be under way */
	SAY_AGAIN_MS = 60000, /* in the log */
};

bool loop_has_caller(int listener)
{
	struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
	return poll(&poll_fd, 1, 0) > 0;
}

static bool may_go(const struct peer *peer, uint64_t now)
{
	return (peer->served || now >= peer->idle_ms + GRACE_MS) && !loop_has_input(peer);
}

bool loop_make_room(struct fcgi_loop *loop)
{
	uint64_t now = clock_now_ms();
	/* Workers only put peers before the first one. */
	pthread_mutex_lock(&loop->lock);
	struct peer *peer = TAILQ_LAST(&loop->idle, peers);
	for (int i = 0; peer && !may_go(peer, now); i++)
		peer = i < CANDIDATES ? TAILQ_PREV(peer, peers, entry) : NULL;
	pthread_mutex_unlock(&loop->lock);
	if (!peer)
		return false;
	if (loop->crowded_said_ms == 0 || now >= loop->crowded_said_ms + SAY_AGAIN_MS) {
		log_notice(
			"all connections are taken, closing the longest idle ones connections=%u",
			fcgi_loop_connections(loop));
		loop->crowded_said_ms = now;
	}
	loop_close_parked(loop, peer);
	return true;
}

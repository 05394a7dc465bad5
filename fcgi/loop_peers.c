/* SPDX-License-Identifier: MIT */
/* One connection's way: accepted, parked as idle, read from, detached for a worker, released, and
 * closed. loop.c says who owns it when. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/loop_internal.h"

enum {
	SEND_BUFFER = 1 << 20,
	KEEPALIVE_IDLE_S = 60, /* two minutes in all */
	KEEPALIVE_INTERVAL_S = 15,
	KEEPALIVE_COUNT = 4,
	FOREIGN_PAUSE_MS = 60000,
};

static void free_peer(struct fcgi_loop *loop, struct peer *peer)
{
	event_target_close(&peer->target, loop->epoll);
	fcgi_connection_free(peer->connection);
	free(peer);
	atomic_fetch_sub(&loop->connections, 1);
}

/* With the lock. */
static void insert_idle(struct fcgi_loop *loop, struct peer *peer)
{
	peer->idle_ms = clock_now_ms();
	TAILQ_INSERT_HEAD(&loop->idle, peer, entry);
}

static void park_idle(struct fcgi_loop *loop, struct peer *peer)
{
	pthread_mutex_lock(&loop->lock);
	insert_idle(loop, peer);
	pthread_mutex_unlock(&loop->lock);
}

void loop_peer_unpark(struct fcgi_loop *loop, struct peer *peer)
{
	if (peer->reading) {
		TAILQ_REMOVE(&loop->reading, peer, entry);
		peer->reading = false;
		return;
	}
	pthread_mutex_lock(&loop->lock);
	TAILQ_REMOVE(&loop->idle, peer, entry);
	pthread_mutex_unlock(&loop->lock);
}

void loop_peer_set_reading(struct fcgi_loop *loop, struct peer *peer, bool reading)
{
	loop_peer_unpark(loop, peer);
	peer->reading = reading;
	if (reading)
		TAILQ_INSERT_TAIL(&loop->reading, peer, entry);
	else
		park_idle(loop, peer);
}

void loop_peer_close(struct fcgi_loop *loop, struct peer *peer)
{
	loop_peer_unpark(loop, peer);
	free_peer(loop, peer);
}

/* TCP: records are sent with MSG_MORE where more follows, so what is sent without it should leave
 * at once. Keep-alive finds a peer that vanished without a FIN; its connections would stay for
 * ever, and its converters until they write. TCP_USER_TIMEOUT would also end a peer that only reads
 * its buffers slowly. Unix: the largest buffer that the kernel gives (net.core.wmem_max), because a
 * long answer then wakes its reader less often; TCP sizes its buffers itself. */
static void tune(int fd)
{
	int on = 1, bytes = SEND_BUFFER;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
		return;
	}
	int idle_s = KEEPALIVE_IDLE_S, interval_s = KEEPALIVE_INTERVAL_S, count = KEEPALIVE_COUNT;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

int loop_peer_new(struct fcgi_loop *loop, int fd, struct peer **out)
{
	tune(fd);
	struct fcgi_connection *connection = fcgi_connection_new(fd);
	struct peer *peer = calloc(1, sizeof *peer);
	if (!connection || !peer) {
		fcgi_connection_free(connection);
		free(peer);
		return -ENOMEM;
	}
	peer->target = (struct event_target){.kind = TARGET_PEER, .fd = fd};
	peer->connection = connection;
	fcgi_connection_set_owner(connection, peer);
	fcgi_connection_set_limit(connection, &loop->connections_max);
	atomic_fetch_add(&loop->connections, 1);
	park_idle(loop, peer);
	*out = peer;
	return 0;
}

int loop_peer_open(struct fcgi_loop *loop, struct peer *peer)
{
	return event_target_open(&peer->target, loop->epoll, EPOLLIN | EPOLLRDHUP);
}

bool loop_peer_has_input(const struct peer *peer)
{
	int bytes = 0;
	return ioctl(peer->target.fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

int fcgi_loop_adopt(struct fcgi_loop *loop, int fd)
{
	struct peer *peer;
	int r = loop_peer_new(loop, fd, &peer);
	if (r < 0)
		return r;
	r = loop_peer_open(loop, peer);
	if (r < 0)
		loop_peer_close(loop, peer);
	return r;
}

void fcgi_loop_detach(struct fcgi_loop *loop, struct fcgi_connection *connection)
{
	struct peer *peer = fcgi_connection_get_owner(connection);
	event_target_close(&peer->target, loop->epoll);
}

void fcgi_loop_release(struct fcgi_loop *loop, struct fcgi_connection *connection, bool keep)
{
	struct peer *peer = fcgi_connection_get_owner(connection);
	pthread_mutex_lock(&loop->lock);
	peer->served = true;
	/* A daemon that hands over gives this connection away in its next round. */
	keep = keep && (!loop->draining || loop->give);
	if (keep) {
		insert_idle(loop, peer);
		/* Under the lock: once the peer is in the set, the loop's thread may free it. */
		keep = loop_peer_open(loop, peer) == 0;
		if (!keep)
			TAILQ_REMOVE(&loop->idle, peer, entry);
	}
	pthread_mutex_unlock(&loop->lock);
	if (!keep)
		free_peer(loop, peer);
}

unsigned fcgi_loop_connections(const struct fcgi_loop *loop)
{
	return atomic_load(&loop->connections);
}

void loop_tell_foreign(struct fcgi_loop *loop, struct peer *peer)
{
	const uint8_t *bytes = fcgi_connection_get_input(peer->connection)->header;
	enum foreign kind = foreign_recognize(bytes);
	uint64_t now = clock_now_ms();
	foreign_answer(peer->target.fd, kind);
	if (loop->foreign_said_ms[kind] && now - loop->foreign_said_ms[kind] < FOREIGN_PAUSE_MS)
		return;
	loop->foreign_said_ms[kind] = now;
	if (kind == FOREIGN_OTHER)
		log_warning("connection closed: %s: it begins with the bytes %02x %02x %02x %02x",
			foreign_words(kind), bytes[0], bytes[1], bytes[2], bytes[3]);
	else
		log_warning("connection closed: %s", foreign_words(kind));
}

unsigned fcgi_loop_connections_max(const struct fcgi_loop *loop)
{
	return atomic_load(&loop->connections_max);
}

/* SPDX-License-Identifier: MIT */
/* Ten thousand idle connections cost an epoll entry and a small struct each, and no thread.
 * A descriptor leaves the set before another thread gets it, so that a connection belongs to the
 * loop or to one worker and never to both; what is answered within the loop's thread stays. The
 * requests that are being read stand in a list in the order of their deadlines, which needs no
 * sorting because all have the same time. */
#include "fcgi/loop_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

enum {
	EVENTS = 64,
	ACCEPT_BATCH = 64,
	SEND_BUFFER = 1 << 20,
	READ_BATCH = 16,       /* pieces of one connection before the others have their turn */
	ACCEPT_PAUSE_MS = 50,  /* when descriptors ran out */
	KEEPALIVE_IDLE_S = 60, /* two minutes in all */
	KEEPALIVE_INTERVAL_S = 15,
	KEEPALIVE_COUNT = 4,
};

int loop_arm(struct fcgi_loop *loop, struct event_target *target, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = target};
	return epoll_ctl(loop->epoll, operation, target->fd, &event) < 0 ? -errno : 0;
}

int fcgi_loop_new(const struct fcgi_loop_options *options, struct fcgi_loop **out)
{
	struct fcgi_loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		return -ENOMEM;
	loop->options = *options;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		int error = errno;
		free(loop);
		return -error;
	}
	for (size_t i = 0; i < FCGI_LOOP_WATCHES; i++)
		loop->watches[i].target.fd = -1;
	TAILQ_INIT(&loop->reading);
	TAILQ_INIT(&loop->idle);
	atomic_init(&loop->connections_max, options->connections_max);
	pthread_mutex_init(&loop->lock, NULL);
	loop->accepting = true;
	*out = loop;
	return 0;
}

/* Out of the set by name: a process that another thread starts just now has a copy of the
 * descriptor until it executes its program, and for so long closing ours would end no events. */
static void peer_free(struct fcgi_loop *loop, struct peer *peer)
{
	if (peer->armed)
		loop_arm(loop, &peer->target, EPOLL_CTL_DEL, 0);
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

/* Takes the peer out of the loop's lists. */
static void unpark(struct fcgi_loop *loop, struct peer *peer)
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

/* Puts it to the end of those that are being read, or before all idle ones. */
static void set_reading(struct fcgi_loop *loop, struct peer *peer, bool reading)
{
	unpark(loop, peer);
	peer->reading = reading;
	if (reading) {
		TAILQ_INSERT_TAIL(&loop->reading, peer, entry);
		return;
	}
	pthread_mutex_lock(&loop->lock);
	insert_idle(loop, peer);
	pthread_mutex_unlock(&loop->lock);
}

void loop_close_parked(struct fcgi_loop *loop, struct peer *peer)
{
	unpark(loop, peer);
	peer_free(loop, peer);
}

void fcgi_loop_free(struct fcgi_loop *loop)
{
	if (!loop)
		return;
	struct peer *peer;
	while ((peer = TAILQ_FIRST(&loop->idle)) || (peer = TAILQ_FIRST(&loop->reading)))
		loop_close_parked(loop, peer);
	fd_close(&loop->epoll);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

int fcgi_loop_listen(struct fcgi_loop *loop, int fd)
{
	if (loop->listener_count == LOOP_LISTENERS)
		return -ENOSPC;
	struct event_target *target = &loop->listeners[loop->listener_count++];
	*target = (struct event_target){.kind = TARGET_LISTENER, .fd = fd};
	return loop_arm(loop, target, EPOLL_CTL_ADD, EPOLLIN);
}

static void set_accepting(struct fcgi_loop *loop, bool accepting)
{
	if (loop->accepting == accepting)
		return;
	loop->accepting = accepting;
	for (size_t i = 0; i < loop->listener_count; i++)
		loop_arm(loop, &loop->listeners[i], EPOLL_CTL_MOD, accepting ? EPOLLIN : 0);
}

void fcgi_loop_set_connections(struct fcgi_loop *loop, unsigned connections_max)
{
	loop->options.connections_max = connections_max;
	atomic_store(&loop->connections_max, connections_max);
}

int fcgi_loop_watch(struct fcgi_loop *loop, int fd, void (*ready)(void *data), void *data)
{
	for (size_t i = 0; i < FCGI_LOOP_WATCHES; i++) {
		struct watch *watch = &loop->watches[i];
		if (watch->target.fd >= 0)
			continue;
		*watch = (struct watch){
			.target = {.kind = TARGET_WATCH, .fd = fd}, .ready = ready, .data = data};
		return loop_arm(loop, &watch->target, EPOLL_CTL_ADD, EPOLLIN);
	}
	return -ENOSPC;
}

void fcgi_loop_unwatch(struct fcgi_loop *loop, int fd)
{
	for (size_t i = 0; i < FCGI_LOOP_WATCHES; i++) {
		struct event_target *target = &loop->watches[i].target;
		if (target->fd != fd)
			continue;
		loop_arm(loop, target, EPOLL_CTL_DEL, 0);
		target->fd = -1;
	}
}

/* TCP: records are sent with MSG_MORE where more follows, so what is sent without is meant to go. A
 * peer that vanished without a FIN is asked whether it is there, or its idle connections would stay
 * for ever, and its converters until they have something to say. Not TCP_USER_TIMEOUT: that would
 * also end a peer that is only slow to read what is in its buffers already. Unix: the largest
 * buffer that may be had (net.core.wmem_max), because a long answer then wakes its reader less
 * often; TCP sizes its own. */
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

static int peer_new(struct fcgi_loop *loop, int fd, struct peer **out)
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
	pthread_mutex_lock(&loop->lock);
	insert_idle(loop, peer);
	pthread_mutex_unlock(&loop->lock);
	*out = peer;
	return 0;
}

static int peer_arm(struct fcgi_loop *loop, struct peer *peer)
{
	int r = peer->armed ? 0
			    : loop_arm(loop, &peer->target, EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP);
	peer->armed = r == 0;
	return r;
}

static void peer_ready(struct fcgi_loop *loop, struct peer *peer)
{
	struct fcgi_input *input = fcgi_connection_get_input(peer->connection);
	bool params_were_done = input->params_done;
	/* With what it asks now: else who always asks would stay. */
	if (loop->give && !peer->reading && loop_give_away(loop, peer))
		return;
	for (int i = 0; i < READ_BATCH; i++) {
		int r = fcgi_connection_read(peer->connection);
		if (r == -EAGAIN)
			break;
		if (r < 0) {
			loop_close_parked(loop, peer);
			return;
		}
		if (fcgi_input_complete(input)) {
			unpark(loop, peer);
			loop->options.request(loop->options.data, peer->connection);
			return;
		}
	}
	bool reading = fcgi_input_in_progress(input);
	/* The parameters have one deadline, however slowly they drip; a body has one for every
	 * piece. */
	if (!reading || !peer->reading || params_were_done) {
		peer->deadline_ms = clock_now_ms() + loop->options.request_timeout_ms;
		set_reading(loop, peer, reading);
	}
	if (peer_arm(loop, peer) < 0)
		loop_close_parked(loop, peer);
}

int fcgi_loop_adopt(struct fcgi_loop *loop, int fd)
{
	struct peer *peer;
	int r = peer_new(loop, fd, &peer);
	if (r < 0)
		return r;
	r = peer_arm(loop, peer);
	if (r < 0)
		loop_close_parked(loop, peer);
	return r;
}

/* Out of descriptors or at the bound: leaves the others in the backlog and looks again a little
 * later, because whatever frees a descriptor does not tell us. */
static void pause_accepting(struct fcgi_loop *loop)
{
	set_accepting(loop, false);
	loop->accept_again_ms = clock_now_ms() + ACCEPT_PAUSE_MS;
}

static void accept_peers(struct fcgi_loop *loop, int listener)
{
	for (int i = 0; i < ACCEPT_BATCH && loop->accepting; i++) {
		if (fcgi_loop_connections(loop) >= loop->options.connections_max) {
			loop->crowded = loop->crowded || loop_has_caller(listener);
			return;
		}
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
			return;
		if (fd < 0) {
			if (!loop->short_of_files)
				log_warning(
					"accept failed, trying again until it works error=\"%m\"");
			loop->short_of_files = true;
			pause_accepting(loop);
			return;
		}
		if (loop->short_of_files)
			log_notice("accepting again");
		loop->short_of_files = false;
		struct peer *peer;
		if (peer_new(loop, fd, &peer) < 0)
			pause_accepting(loop);
		else /* who connects has something to say, and has said it most of the time */
			peer_ready(loop, peer);
	}
}

void fcgi_loop_detach(struct fcgi_loop *loop, struct fcgi_connection *connection)
{
	struct peer *peer = fcgi_connection_get_owner(connection);
	if (peer->armed)
		loop_arm(loop, &peer->target, EPOLL_CTL_DEL, 0);
	peer->armed = false;
}

void fcgi_loop_release(struct fcgi_loop *loop, struct fcgi_connection *connection, bool keep)
{
	struct peer *peer = fcgi_connection_get_owner(connection);
	pthread_mutex_lock(&loop->lock);
	peer->served = true;
	/* What can be given away is, by the loop's thread. */
	keep = keep && (!loop->draining || loop->give);
	if (keep) {
		insert_idle(loop, peer);
		/* Under the lock: once armed, the loop's thread may free it. */
		keep = peer_arm(loop, peer) == 0;
		if (!keep)
			TAILQ_REMOVE(&loop->idle, peer, entry);
	}
	pthread_mutex_unlock(&loop->lock);
	if (!keep)
		peer_free(loop, peer);
}

unsigned fcgi_loop_connections(const struct fcgi_loop *loop)
{
	return atomic_load(&loop->connections);
}

static void close_expired(struct fcgi_loop *loop)
{
	uint64_t now = clock_now_ms();
	struct peer *peer;
	while ((peer = TAILQ_FIRST(&loop->reading)) && peer->deadline_ms <= now) {
		log_warning("request not received in time, connection closed");
		loop_close_parked(loop, peer);
	}
}

static uint64_t next_deadline(const struct fcgi_loop *loop, uint64_t deadline_ms)
{
	const struct peer *first = TAILQ_FIRST(&loop->reading);
	if (first && first->deadline_ms < deadline_ms)
		deadline_ms = first->deadline_ms;
	if (!loop->accepting && !loop->draining && loop->accept_again_ms < deadline_ms)
		deadline_ms = loop->accept_again_ms;
	return deadline_ms;
}

int fcgi_loop_run(struct fcgi_loop *loop, uint64_t deadline_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(
		loop->epoll, events, EVENTS, clock_poll_timeout(next_deadline(loop, deadline_ms)));
	if (n < 0 && errno != EINTR)
		return -errno;
	/* A worker arms the connection that it gives back under the lock: taking it once makes all
	 * that it wrote visible here. */
	pthread_mutex_lock(&loop->lock);
	pthread_mutex_unlock(&loop->lock);
	for (int i = 0; i < n; i++) {
		struct event_target *target = events[i].data.ptr;
		if (target->kind == TARGET_PEER)
			peer_ready(loop, (struct peer *)target);
		else if (target->kind == TARGET_LISTENER)
			accept_peers(loop, target->fd);
		else
			((struct watch *)target)->ready(((struct watch *)target)->data);
	}
	/* Only now: an event of this round may have pointed to what is freed here. */
	close_expired(loop);
	if (loop->crowded && !loop_make_room(loop))
		pause_accepting(loop);
	loop->crowded = false;
	if (loop->draining)
		loop_leave_idle(loop);
	else if (!loop->accepting && loop->accept_again_ms <= clock_now_ms())
		set_accepting(loop, true);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The loop's thread and the workers that serve requests for it.
 *
 * struct peer  One connection. It belongs to the loop's thread while it is in `idle` or `reading`
 *              and during the callback, and to one worker from fcgi_loop_detach to
 *              fcgi_loop_release. A detached peer is in no list and not in the epoll set, so the
 *              loop gets no event for it. An idle one costs this struct and an epoll entry.
 * idle         Peers without a request. Workers insert at the head; only the loop's thread removes.
 *              Guarded by the lock.
 * reading      Peers whose request has come in part. All have the same time, so the list is in the
 *              order of their deadlines. The loop's thread alone.
 * lock         Guards idle, draining, give, and each peer's entry in the epoll set while a worker
 *              releases it.
 *
 * Events are handled first; what they may point to is freed only in between two rounds, or by the
 * handler of its own event. */
#include "fcgi/loop_internal.h"

#include <errno.h>
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
	READ_BATCH = 16,      /* pieces of one connection before the others have their turn */
	ACCEPT_PAUSE_MS = 50, /* when descriptors ran out */
};

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

void fcgi_loop_free(struct fcgi_loop *loop)
{
	if (!loop)
		return;
	struct peer *peer;
	while ((peer = TAILQ_FIRST(&loop->idle)) || (peer = TAILQ_FIRST(&loop->reading)))
		loop_peer_close(loop, peer);
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
	return event_target_open(target, loop->epoll, EPOLLIN);
}

static void set_accepting(struct fcgi_loop *loop, bool accepting)
{
	if (loop->accepting == accepting)
		return;
	loop->accepting = accepting;
	for (size_t i = 0; i < loop->listener_count; i++)
		event_target_change(&loop->listeners[i], loop->epoll, accepting ? EPOLLIN : 0);
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
		return event_target_open(&watch->target, loop->epoll, EPOLLIN);
	}
	return -ENOSPC;
}

void fcgi_loop_unwatch(struct fcgi_loop *loop, int fd)
{
	for (size_t i = 0; i < FCGI_LOOP_WATCHES; i++) {
		struct event_target *target = &loop->watches[i].target;
		if (target->fd != fd)
			continue;
		event_target_close(target, loop->epoll);
		target->fd = -1;
	}
}

static void peer_ready(struct fcgi_loop *loop, struct peer *peer)
{
	struct fcgi_input *input = fcgi_connection_get_input(peer->connection);
	bool params_were_done = input->params_done;
	/* Hand the connection over with its unread request: a busy one would never move otherwise.
	 */
	if (loop->give && !peer->reading && loop_give_away(loop, peer))
		return;
	for (int i = 0; i < READ_BATCH; i++) {
		int r = fcgi_connection_read(peer->connection);
		if (r == -EAGAIN)
			break;
		if (r < 0) {
			if (fcgi_input_foreign(input))
				loop_tell_foreign(loop, peer);
			loop_peer_close(loop, peer);
			return;
		}
		if (fcgi_input_complete(input)) {
			loop_peer_unpark(loop, peer);
			loop->options.request(loop->options.data, peer->connection);
			return;
		}
	}
	bool reading = fcgi_input_in_progress(input);
	/* All parameters together have one deadline, and each piece of a body has its own. */
	if (!reading || !peer->reading || params_were_done) {
		peer->deadline_ms = clock_now_ms() + loop->options.request_timeout_ms;
		loop_peer_set_reading(loop, peer, reading);
	}
	if (loop_peer_open(loop, peer) < 0)
		loop_peer_close(loop, peer);
}

/* Out of descriptors, or at the bound, and no idle connection can give way: new connections stay in
 * the backlog. Nothing tells us when a descriptor is free again, so the loop tries again a little
 * later. */
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
			loop->crowded = true;
			return;
		}
		if (loop->short_of_files)
			log_notice("accepting again");
		loop->short_of_files = false;
		struct peer *peer;
		if (loop_peer_new(loop, fd, &peer) < 0)
			pause_accepting(loop);
		else /* a new connection mostly has its request queued already: read now */
			peer_ready(loop, peer);
	}
}

int fcgi_loop_replace(struct fcgi_loop *loop, int fd, int replacement)
{
	for (size_t i = 0; i < loop->listener_count; i++) {
		struct event_target *target = &loop->listeners[i];
		if (target->fd != fd)
			continue;
		const uint32_t events = loop->accepting ? EPOLLIN : 0;
		accept_peers(loop, fd);
		event_target_close(target, loop->epoll);
		*target = (struct event_target){.kind = TARGET_LISTENER, .fd = replacement};
		int r = event_target_open(target, loop->epoll, events);
		if (r == 0)
			return 0;
		*target = (struct event_target){.kind = TARGET_LISTENER, .fd = fd};
		event_target_open(target, loop->epoll, events);
		return r;
	}
	return -ENOENT;
}

static void close_expired(struct fcgi_loop *loop)
{
	uint64_t now = clock_now_ms();
	struct peer *peer;
	while ((peer = TAILQ_FIRST(&loop->reading)) && peer->deadline_ms <= now) {
		log_warning("request not received in time, connection closed");
		loop_peer_close(loop, peer);
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
	/* A worker puts a peer into the set under the lock. Taking the lock once makes all that the
	 * worker wrote visible here. */
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
	/* Only now: an event of this round could have pointed to what is freed here. */
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

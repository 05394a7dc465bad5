/* SPDX-License-Identifier: MIT */
/* What a holder says, and who may listen to it: see holder_internal.h. */
#include "spawn/holder_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/group.h"
#include "spawn/process.h"

enum { MESSAGES_MAX = 1024 };

void holder_watch(const struct holder *holder, int fd, uint32_t flags)
{
	struct epoll_event event = {.events = EPOLLIN | flags, .data.u64 = holder->number};
	epoll_ctl(holder->epoll, EPOLL_CTL_ADD, fd, &event);
}

void holder_unwatch(int epoll, int fd)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

void holder_end_standby(struct holder *holder)
{
	struct standby *standby = &holder->standby;
	if (standby->pidfd < 0)
		return;
	holder_unwatch(holder->epoll, standby->pidfd);
	process_reap(&standby->pidfd, 0);
	fd_close(&standby->socket);
}

bool holder_enter(struct holder *holder, int wait_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	int r = wait_ms == HOLDER_NOT_AT_ALL ? ETIMEDOUT : 0;
	pthread_mutex_lock(&holder->lock);
	while (holder->busy && r == 0)
		r = wait_ms == HOLDER_HOWEVER_LONG
			    ? pthread_cond_wait(&holder->idle, &holder->lock)
			    : pthread_cond_clockwait(
				      &holder->idle, &holder->lock, CLOCK_MONOTONIC, &until);
	bool entered = !holder->busy;
	holder->busy = true;
	holder->missed |= !entered;
	pthread_mutex_unlock(&holder->lock);
	return entered;
}

void holder_leave(struct holder *holder)
{
	pthread_mutex_lock(&holder->lock);
	holder->busy = false;
	pthread_cond_signal(&holder->idle);
	pthread_mutex_unlock(&holder->lock);
}

bool holder_was_missed(struct holder *holder)
{
	pthread_mutex_lock(&holder->lock);
	bool missed = holder->missed;
	holder->missed = false;
	pthread_mutex_unlock(&holder->lock);
	return missed;
}

bool holder_is_readable(int fd, int timeout_ms)
{
	struct pollfd entry = {fd, POLLIN, 0};
	return poll(&entry, 1, timeout_ms) > 0;
}

static void take_standby(struct holder *holder)
{
	struct protocol_packet *packet = &holder->packet;
	struct protocol_standby standby;
	if (protocol_decode_standby(packet, &standby) < 0) {
		protocol_close(packet);
		group_signal_leader(holder->pidfd, SIGKILL);
		return;
	}
	holder_end_standby(holder); /* it has ended: else the holder would not have made another */
	holder->standby = (struct standby){
		.pid = standby.pid,
		.pidfd = fd_list_take(&packet->fds, 0),
		.socket = fd_list_take(&packet->fds, 1),
		.namespaced = (standby.flags & PROTOCOL_NAMESPACED) != 0,
	};
	/* Now it is no longer taken for one that was never announced: end_process in holder.c. */
	setpgid(standby.pid, standby.pid);
	if (holder->greeted && holder->state == HOLDER_STARTING)
		holder->state = HOLDER_READY;
	holder_watch(holder, holder->standby.pidfd, EPOLLONESHOT);
}

static void take_ready(struct holder *holder)
{
	struct protocol_ready ready;
	if (protocol_decode_ready(&holder->packet, &ready) < 0)
		return;
	memcpy(holder->note, ready.note, sizeof holder->note);
	holder->greeted = !(ready.flags & PROTOCOL_REFUSED);
}

bool holder_take_message(struct holder *holder, int timeout_ms)
{
	struct protocol_packet *packet = &holder->packet;
	if (holder->socket < 0 || !holder_is_readable(holder->socket, timeout_ms))
		return false;
	int r = protocol_receive(holder->socket, packet);
	struct protocol_standby lost;
	if (r == -EMFILE && packet->size == sizeof lost) {
		/* There is no room for its descriptors. It is our child and has not been reaped. */
		memcpy(&lost, packet->data, sizeof lost);
		if (lost.header.type == PROTOCOL_STANDBY && lost.pid > 1)
			process_end_by_number(lost.pid);
		return true;
	}
	if (r != 1) {
		holder_unwatch(holder->epoll, holder->socket);
		fd_close(&holder->socket);
		return false;
	}
	struct protocol_header header = {0};
	if (packet->size >= sizeof header)
		memcpy(&header, packet->data, sizeof header);
	if (header.type == PROTOCOL_READY)
		take_ready(holder);
	else if (header.type == PROTOCOL_STANDBY)
		take_standby(holder);
	protocol_close(packet);
	return true;
}

void holder_take_messages(struct holder *holder)
{
	int count = 0;
	while (count < MESSAGES_MAX && holder_take_message(holder, 0))
		count++;
	if (count == MESSAGES_MAX)
		group_signal_leader(holder->pidfd, SIGKILL);
}

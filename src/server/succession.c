/* SPDX-License-Identifier: MIT */
/* A successor that fails must not be noticed by anybody but its operator: so the predecessor changes nothing until the other says
 * that it is ready, and by then nothing can fail any more. */
#include "src/server/succession.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/server/handover.h"
#include "src/server/user.h"

enum { QUIET_MS = 10000 };

static int take_listeners(const struct handover_estate *estate, const char *address,
	const struct config *config, struct listener *listeners, size_t *count)
{
	for (*count = 0; *count < estate->count; ++*count) {
		int r = listener_take(estate->fds[*count], estate->owns_file ? address : NULL,
			config->socket_mode, &listeners[*count]);
		if (r < 0)
			return r;
	}
	return 0;
}

int succession_take(struct succession *succession, const char *address, const struct config *config,
	struct listener *listeners, size_t *count, struct notify *notify)
{
	succession->listeners = listeners;
	succession->listener_count = count;
	struct handover_estate estate;
	int r = handover_ask(address, user_get_uid(config), &estate, &succession->predecessor);
	if (r == HANDOVER_E_NOBODY)
		return r;
	if (r < 0) {
		log_error("cannot take over %s: %s", address,
			r == -EACCES
				? "it belongs to another user, or somebody else is taking it over"
				: strerror(-r));
		return r;
	}
	if (estate.notify >= 0)
		notify_adopt(notify, estate.notify, estate.watchdog_ms);
	r = take_listeners(&estate, address, config, listeners, count);
	if (r < 0) {
		log_error("cannot take over %s: %s", address, strerror(-r));
		for (size_t i = *count; i < estate.count; i++)
			fd_close(&estate.fds[i]);
	}
	return r;
}

static void disown_files(struct succession *succession)
{
	for (size_t i = 0; i < *succession->listener_count; i++)
		listener_disown(&succession->listeners[i]);
}

static void take_connections(void *data)
{
	struct succession *succession = data;
	int fd, r;
	while ((r = handover_receive(succession->predecessor, &fd)) == 0) {
		int adopted = fcgi_loop_adopt(succession->loop, fd);
		if (adopted < 0)
			log_warning("connection of the predecessor lost: %s", strerror(-adopted));
	}
	if (r == -EAGAIN)
		return;
	fcgi_loop_unwatch(succession->loop, succession->predecessor);
	fd_close(&succession->predecessor);
}

static void forget_successor(struct succession *succession)
{
	fcgi_loop_unwatch(succession->loop, succession->successor);
	fd_close(&succession->successor);
}

static void hear_successor(void *data)
{
	struct succession *succession = data;
	int r = handover_is_ready(succession->successor);
	if (r == -EAGAIN)
		return;
	if (r == 0 && !succession->left) {
		succession->left = true;
		disown_files(succession);
		succession->leave(succession->data, succession->successor_pid);
		return;
	}
	if (!succession->left)
		log_warning("successor gone before it was ready, nothing changes pid=%jd",
			(intmax_t)succession->successor_pid);
	/* After that it is the loop's giving that finds it gone. */
	if (succession->left)
		fcgi_loop_unwatch(succession->loop, succession->successor);
	else
		forget_successor(succession);
}

/* Anybody on this machine can ask, as often as he likes: that shall not fill the log. */
static void log_refusal(struct succession *succession, const char *why)
{
	uint64_t now_ms = clock_now_ms();
	if (now_ms < succession->quiet_until_ms)
		return;
	succession->quiet_until_ms = now_ms + QUIET_MS;
	log_warning("take-over refused: %s", why);
}

static void hear_question(void *data)
{
	struct succession *succession = data;
	if (succession->successor >= 0) {
		handover_refuse(succession->control);
		log_refusal(succession, "another one is under way");
		return;
	}
	struct handover_estate estate = {
		.count = *succession->listener_count,
		.owns_file = *succession->listener_count == 1 &&
			     succession->listeners[0].unlink_path != NULL,
		.notify = succession->notify->fd,
		.watchdog_ms = succession->notify->watchdog_ms,
	};
	for (size_t i = 0; i < estate.count; i++)
		estate.fds[i] = succession->listeners[i].fd;
	int r = handover_admit(
		succession->control, &estate, &succession->successor, &succession->successor_pid);
	if (r == 0)
		r = fcgi_loop_watch(
			succession->loop, succession->successor, hear_successor, succession);
	if (r == -EAGAIN)
		return;
	if (r < 0) {
		log_refusal(succession, strerror(-r));
		fd_close(&succession->successor);
		return;
	}
	log_notice("a successor has asked for the sockets pid=%jd",
		(intmax_t)succession->successor_pid);
}

static void follow(struct succession *succession)
{
	int r = handover_finish(succession->predecessor);
	if (r == 0) {
		log_notice("taken over");
		fcgi_loop_watch(
			succession->loop, succession->predecessor, take_connections, succession);
		return;
	}
	/* The sockets are ours all the same. */
	log_warning("taken over, but the predecessor did not say that it leaves: %s", strerror(-r));
	fd_close(&succession->predecessor);
}

void succession_begin(struct succession *succession, struct fcgi_loop *loop,
	struct listener *listeners, size_t *count, struct notify *notify, void *data,
	void (*leave)(void *data, pid_t successor))
{
	succession->loop = loop;
	succession->listeners = listeners;
	succession->listener_count = count;
	succession->notify = notify;
	succession->data = data;
	succession->leave = leave;
	if (succession->predecessor >= 0)
		follow(succession);
	int r = handover_listen(listeners[0].fd, &succession->control);
	if (r == 0)
		r = fcgi_loop_watch(loop, succession->control, hear_question, succession);
	if (r < 0)
		log_notice("cannot be taken over: %s", strerror(-r));
}

void succession_left(struct succession *succession)
{
	succession_stop(succession);
	handover_say_gone(succession->successor);
}

int succession_give(void *data, int fd)
{
	const struct succession *succession = data;
	return handover_give(succession->successor, fd);
}

void succession_stop(struct succession *succession)
{
	if (succession->control >= 0)
		fcgi_loop_unwatch(succession->loop, succession->control);
	fd_close(&succession->control);
	if (succession->successor >= 0)
		disown_files(succession);
}

void succession_end(struct succession *succession)
{
	/* It never came to begin: the other serves on. */
	if (succession->predecessor >= 0 && !succession->loop)
		disown_files(succession);
	fd_close(&succession->control);
	fd_close(&succession->successor);
	fd_close(&succession->predecessor);
}

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

static void forget(struct candidate *candidate)
{
	fcgi_loop_unwatch(candidate->succession->loop, candidate->channel);
	fd_close(&candidate->channel);
	candidate->succession = NULL;
}

static void give_up(struct candidate *candidate, const char *why)
{
	log_warning("successor is not waited for any more, it %s pid=%jd", why,
		(intmax_t)candidate->pid);
	handover_say_late(candidate->channel);
	forget(candidate);
}

static void leave_to(struct succession *succession, struct candidate *candidate)
{
	pid_t pid = candidate->pid;
	/* That it goes away is found out by the loop's giving. */
	fcgi_loop_unwatch(succession->loop, candidate->channel);
	succession->successor = fd_take(&candidate->channel);
	candidate->succession = NULL;
	for (size_t i = 0; i < SUCCESSION_CANDIDATES; i++)
		if (succession->candidates[i].succession)
			give_up(&succession->candidates[i], "comes second");
	succession->left = true;
	disown_files(succession);
	succession->leave(succession->data, pid);
}

static void hear_candidate(void *data)
{
	struct candidate *candidate = data;
	struct succession *succession = candidate->succession;
	int r = succession ? handover_is_ready(candidate->channel) : -EAGAIN;
	if (r == -EAGAIN)
		return;
	if (r == 0) {
		leave_to(succession, candidate);
		return;
	}
	log_warning("successor gone before it was ready, nothing changes pid=%jd",
		(intmax_t)candidate->pid);
	forget(candidate);
}

uint64_t succession_tend(struct succession *succession)
{
	uint64_t now_ms = clock_now_ms(), due_ms = CLOCK_NEVER;
	for (size_t i = 0; i < SUCCESSION_CANDIDATES; i++) {
		struct candidate *candidate = &succession->candidates[i];
		if (!candidate->succession)
			continue;
		if (now_ms >= candidate->until_ms)
			give_up(candidate, "was not ready in time");
		else if (candidate->until_ms < due_ms)
			due_ms = candidate->until_ms;
	}
	return due_ms;
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

static struct candidate *free_place(struct succession *succession)
{
	for (size_t i = 0; i < SUCCESSION_CANDIDATES; i++)
		if (!succession->candidates[i].succession)
			return &succession->candidates[i];
	return NULL;
}

static void hear_question(void *data)
{
	struct succession *succession = data;
	struct candidate *candidate = free_place(succession);
	if (!candidate) {
		handover_refuse(succession->control);
		log_refusal(succession, "others are under way");
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
	int channel = -1;
	pid_t pid = 0;
	int r = handover_admit(succession->control, &estate, &channel, &pid);
	if (r == 0)
		r = fcgi_loop_watch(succession->loop, channel, hear_candidate, candidate);
	if (r == -EAGAIN)
		return;
	if (r < 0) {
		log_refusal(succession, strerror(-r));
		fd_close(&channel);
		return;
	}
	*candidate = (struct candidate){.succession = succession,
		.channel = channel,
		.pid = pid,
		.until_ms = clock_now_ms() + SUCCESSION_READY_MS};
	log_notice("a successor has asked for the sockets pid=%jd", (intmax_t)pid);
}

static int follow(struct succession *succession)
{
	int r = handover_finish(succession->predecessor);
	if (r == 0) {
		log_notice("taken over");
		fcgi_loop_watch(
			succession->loop, succession->predecessor, take_connections, succession);
		return 0;
	}
	if (r == -ESTALE) {
		log_error("cannot take over: we were too late, the sockets are served already");
		disown_files(succession);
		fd_close(&succession->predecessor);
		return r;
	}
	/* The sockets are ours all the same. */
	log_warning("taken over, but the predecessor did not say that it leaves: %s", strerror(-r));
	fd_close(&succession->predecessor);
	return 0;
}

int succession_begin(struct succession *succession, struct fcgi_loop *loop,
	struct listener *listeners, size_t *count, struct notify *notify, void *data,
	void (*leave)(void *data, pid_t successor))
{
	succession->loop = loop;
	succession->listeners = listeners;
	succession->listener_count = count;
	succession->notify = notify;
	succession->data = data;
	succession->leave = leave;
	int r = succession->predecessor >= 0 ? follow(succession) : 0;
	if (r < 0)
		return r;
	r = handover_listen(listeners[0].fd, &succession->control);
	if (r == 0)
		r = fcgi_loop_watch(loop, succession->control, hear_question, succession);
	if (r < 0)
		log_notice("cannot be taken over: %s", strerror(-r));
	return 0;
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
	bool asked = succession->successor >= 0;
	for (size_t i = 0; i < SUCCESSION_CANDIDATES; i++)
		asked = asked || succession->candidates[i].succession;
	if (asked)
		disown_files(succession);
}

void succession_end(struct succession *succession)
{
	/* It never came to begin: the other serves on. */
	if (succession->predecessor >= 0 && !succession->loop)
		disown_files(succession);
	for (size_t i = 0; i < SUCCESSION_CANDIDATES; i++)
		if (succession->candidates[i].succession)
			fd_close(&succession->candidates[i].channel);
	fd_close(&succession->control);
	fd_close(&succession->successor);
	fd_close(&succession->predecessor);
}

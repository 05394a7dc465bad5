/* SPDX-License-Identifier: MIT */
/* A successor that fails must not be noticed by anybody but its operator: so the predecessor
 * changes nothing until the other says that it is ready, and by then nothing can fail any more. */
#include "src/daemon/upgrade.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/daemon/handover.h"
#include "src/daemon/user.h"

enum { QUIET_MS = 10000 };

static int take_listeners(const struct handover_sockets *sockets, const char *address,
	const struct config *config, struct listener *listeners, size_t *count)
{
	for (*count = 0; *count < sockets->count; ++*count) {
		int r = listener_take(sockets->fds[*count], sockets->owns_file ? address : NULL,
			config->socket_mode, &listeners[*count]);
		if (r < 0)
			return r;
	}
	return 0;
}

int upgrade_take(struct upgrade *upgrade, const char *address, const struct config *config,
	struct listener *listeners, size_t *count, struct notify *notify)
{
	upgrade->listeners = listeners;
	upgrade->listener_count = count;
	struct handover_sockets sockets;
	int r = handover_ask(address, user_get_uid(config), &sockets, &upgrade->predecessor);
	if (r == HANDOVER_E_NOBODY)
		return r;
	if (r < 0) {
		log_error("cannot take over %s: %s", address,
			r == -EACCES
				? "it belongs to another user, or somebody else is taking it over"
				: strerror(-r));
		return r;
	}
	if (sockets.notify >= 0)
		notify_adopt(notify, sockets.notify, sockets.watchdog_ms);
	r = take_listeners(&sockets, address, config, listeners, count);
	if (r < 0) {
		log_error("cannot take over %s: %s", address, strerror(-r));
		for (size_t i = *count; i < sockets.count; i++)
			fd_close(&sockets.fds[i]);
	}
	return r;
}

static void disown_files(struct upgrade *upgrade)
{
	for (size_t i = 0; i < *upgrade->listener_count; i++)
		listener_disown(&upgrade->listeners[i]);
}

static void take_connections(void *data)
{
	struct upgrade *upgrade = data;
	int fd, r;
	while ((r = handover_receive(upgrade->predecessor, &fd)) == 0) {
		int adopted = fcgi_loop_adopt(upgrade->loop, fd);
		if (adopted < 0)
			log_warning("connection of the predecessor lost: %s", strerror(-adopted));
	}
	if (r == -EAGAIN)
		return;
	fcgi_loop_unwatch(upgrade->loop, upgrade->predecessor);
	fd_close(&upgrade->predecessor);
}

static void forget(struct candidate *candidate)
{
	fcgi_loop_unwatch(candidate->upgrade->loop, candidate->channel);
	fd_close(&candidate->channel);
	candidate->upgrade = NULL;
}

static void give_up(struct candidate *candidate, const char *why)
{
	log_warning("successor is not waited for any more, it %s pid=%jd", why,
		(intmax_t)candidate->pid);
	handover_say_late(candidate->channel);
	forget(candidate);
}

static void leave_to(struct upgrade *upgrade, struct candidate *candidate)
{
	pid_t pid = candidate->pid;
	/* That it goes away is found out by the loop's giving. */
	fcgi_loop_unwatch(upgrade->loop, candidate->channel);
	upgrade->successor = fd_take(&candidate->channel);
	candidate->upgrade = NULL;
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		if (upgrade->candidates[i].upgrade)
			give_up(&upgrade->candidates[i], "comes second");
	upgrade->left = true;
	disown_files(upgrade);
	upgrade->leave(upgrade->data, pid);
}

static void hear_candidate(void *data)
{
	struct candidate *candidate = data;
	struct upgrade *upgrade = candidate->upgrade;
	int r = upgrade ? handover_is_ready(candidate->channel) : -EAGAIN;
	if (r == -EAGAIN)
		return;
	if (r == 0) {
		leave_to(upgrade, candidate);
		return;
	}
	log_warning("successor gone before it was ready, nothing changes pid=%jd",
		(intmax_t)candidate->pid);
	forget(candidate);
}

uint64_t upgrade_tend(struct upgrade *upgrade)
{
	uint64_t now_ms = clock_now_ms(), due_ms = CLOCK_NEVER;
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++) {
		struct candidate *candidate = &upgrade->candidates[i];
		if (!candidate->upgrade)
			continue;
		if (now_ms >= candidate->until_ms)
			give_up(candidate, "was not ready in time");
		else if (candidate->until_ms < due_ms)
			due_ms = candidate->until_ms;
	}
	return due_ms;
}

/* Anybody on this machine can ask, as often as he likes: that shall not fill the log. */
static void log_refusal(struct upgrade *upgrade, const char *why)
{
	uint64_t now_ms = clock_now_ms();
	if (now_ms < upgrade->quiet_until_ms)
		return;
	upgrade->quiet_until_ms = now_ms + QUIET_MS;
	log_warning("take-over refused: %s", why);
}

static struct candidate *free_place(struct upgrade *upgrade)
{
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		if (!upgrade->candidates[i].upgrade)
			return &upgrade->candidates[i];
	return NULL;
}

static void hear_question(void *data)
{
	struct upgrade *upgrade = data;
	struct candidate *candidate = free_place(upgrade);
	if (!candidate) {
		handover_refuse(upgrade->control);
		log_refusal(upgrade, "others are under way");
		return;
	}
	struct handover_sockets sockets = {
		.count = *upgrade->listener_count,
		.owns_file =
			*upgrade->listener_count == 1 && upgrade->listeners[0].unlink_path != NULL,
		.notify = upgrade->notify->fd,
		.watchdog_ms = upgrade->notify->watchdog_ms,
	};
	for (size_t i = 0; i < sockets.count; i++)
		sockets.fds[i] = upgrade->listeners[i].fd;
	int channel = -1;
	pid_t pid = 0;
	int r = handover_admit(upgrade->control, &sockets, &channel, &pid);
	if (r == 0)
		r = fcgi_loop_watch(upgrade->loop, channel, hear_candidate, candidate);
	if (r == -EAGAIN)
		return;
	if (r < 0) {
		log_refusal(upgrade, strerror(-r));
		fd_close(&channel);
		return;
	}
	*candidate = (struct candidate){.upgrade = upgrade,
		.channel = channel,
		.pid = pid,
		.until_ms = clock_now_ms() + UPGRADE_READY_MS};
	log_notice("a successor has asked for the sockets pid=%jd", (intmax_t)pid);
}

static int follow(struct upgrade *upgrade)
{
	int r = handover_finish(upgrade->predecessor);
	if (r == 0) {
		log_notice("taken over");
		fcgi_loop_watch(upgrade->loop, upgrade->predecessor, take_connections, upgrade);
		return 0;
	}
	if (r == -ESTALE) {
		log_error("cannot take over: we were too late, the sockets are served already");
		disown_files(upgrade);
		fd_close(&upgrade->predecessor);
		return r;
	}
	/* The sockets are ours all the same. */
	log_warning("taken over, but the predecessor did not say that it leaves: %s", strerror(-r));
	fd_close(&upgrade->predecessor);
	return 0;
}

int upgrade_begin(struct upgrade *upgrade, struct fcgi_loop *loop, struct listener *listeners,
	size_t *count, struct notify *notify, void *data,
	void (*leave)(void *data, pid_t successor))
{
	upgrade->loop = loop;
	upgrade->listeners = listeners;
	upgrade->listener_count = count;
	upgrade->notify = notify;
	upgrade->data = data;
	upgrade->leave = leave;
	int r = upgrade->predecessor >= 0 ? follow(upgrade) : 0;
	if (r < 0)
		return r;
	r = handover_listen(listeners[0].fd, &upgrade->control);
	if (r == 0)
		r = fcgi_loop_watch(loop, upgrade->control, hear_question, upgrade);
	if (r < 0)
		log_notice("cannot be taken over: %s", strerror(-r));
	return 0;
}

void upgrade_left(struct upgrade *upgrade)
{
	upgrade_stop(upgrade);
	handover_say_gone(upgrade->successor);
}

int upgrade_give(void *data, int fd)
{
	const struct upgrade *upgrade = data;
	return handover_give(upgrade->successor, fd);
}

void upgrade_stop(struct upgrade *upgrade)
{
	if (upgrade->control >= 0)
		fcgi_loop_unwatch(upgrade->loop, upgrade->control);
	fd_close(&upgrade->control);
	bool asked = upgrade->successor >= 0;
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		asked = asked || upgrade->candidates[i].upgrade;
	if (asked)
		disown_files(upgrade);
}

void upgrade_end(struct upgrade *upgrade)
{
	/* It never came to begin: the other serves on. */
	if (upgrade->predecessor >= 0 && !upgrade->loop)
		disown_files(upgrade);
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		if (upgrade->candidates[i].upgrade)
			fd_close(&upgrade->candidates[i].channel);
	fd_close(&upgrade->control);
	fd_close(&upgrade->successor);
	fd_close(&upgrade->predecessor);
}

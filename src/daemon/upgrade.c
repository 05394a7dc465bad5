/* SPDX-License-Identifier: MIT */
/*
 * Only the operator may notice a successor that fails. So the predecessor changes nothing until the
 * successor says that it is ready, and from then on nothing can fail any more.
 *
 * Everything runs in the main thread. A channel belongs to a candidate until that becomes the
 * successor, is given up, or ends.
 */
#include "src/daemon/upgrade.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "spawn/testhook.h"
#include "src/daemon/handover.h"
#include "src/daemon/user.h"

enum { QUIET_MS = 10000, WAIT_MS = 10000, ASK_MS = 100 };

static int take_listeners(const struct handover_sockets *sockets, const char *address, mode_t mode,
	struct listeners *listeners)
{
	size_t *count = &listeners->count;
	for (*count = 0; *count < sockets->count; ++*count) {
		int r = listener_take(sockets->fds[*count], sockets->owns_file ? address : NULL,
			mode, &listeners->at[*count]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void log_failure(const char *address, int r)
{
	log_error("cannot take over %s: %s", address,
		r == -EACCES ? "the socket belongs to a daemon of another user, or too many "
			       "successors are starting: try again"
			     : strerror(-r));
}

/* A daemon that starts has its socket some seconds before it can be asked for it. */
static int ask(const char *address, uid_t uid, struct handover_sockets *sockets, int *channel)
{
	const struct timespec pause = {.tv_nsec = ASK_MS * 1000000L};
	const uint64_t until_ms = clock_now_ms() + WAIT_MS;
	int r = handover_ask(address, uid, sockets, channel);
	bool waits = r == HANDOVER_E_ABSENT && listener_is_served(address);
	if (waits)
		log_notice("what listens on %s cannot be asked for it yet: waiting", address);
	while (waits && clock_now_ms() < until_ms) {
		nanosleep(&pause, NULL);
		r = handover_ask(address, uid, sockets, channel);
		waits = r == HANDOVER_E_ABSENT && listener_is_served(address);
	}
	return r;
}

int upgrade_take(struct upgrade *upgrade, const char *address, const struct config *config,
	struct listeners *listeners, struct notify *notify)
{
	upgrade->listeners = listeners;
	struct handover_sockets sockets;
	int r = ask(address, user_get_uid(config), &sockets, &upgrade->predecessor);
	if (r == HANDOVER_E_ABSENT)
		return r;
	if (r < 0) {
		log_failure(address, r);
		return r;
	}
	if (sockets.notify >= 0)
		notify_adopt(notify, sockets.notify, sockets.watchdog_ms);
	r = take_listeners(&sockets, address, config->socket_mode, listeners);
	if (r < 0) {
		log_failure(address, r);
		for (size_t i = listeners->count; i < sockets.count; i++)
			fd_close(&sockets.fds[i]);
	}
	return r;
}

static void take_connections(void *data)
{
	struct upgrade *upgrade = data;
	int fd, r;
	while ((r = handover_receive(upgrade->predecessor, &fd)) == 0) {
		int adopted = fcgi_loop_adopt(upgrade->loop, fd);
		if (adopted < 0)
			log_warning(
				"a connection of the predecessor is lost: %s", strerror(-adopted));
	}
	if (r == -EAGAIN)
		return;
	fcgi_loop_unwatch(upgrade->loop, upgrade->predecessor);
	fd_close(&upgrade->predecessor);
}

static void free_candidate(struct candidate *candidate)
{
	fcgi_loop_unwatch(candidate->upgrade->loop, candidate->channel);
	fd_close(&candidate->channel);
	candidate->upgrade = NULL;
}

static void give_up(struct candidate *candidate, const char *why)
{
	log_warning("successor given up: %s pid=%jd", why, (intmax_t)candidate->pid);
	handover_say_late(candidate->channel);
	free_candidate(candidate);
}

static void leave_to(struct upgrade *upgrade, struct candidate *candidate)
{
	pid_t pid = candidate->pid;
	/* upgrade_give finds out when the successor ends. */
	fcgi_loop_unwatch(upgrade->loop, candidate->channel);
	upgrade->successor = fd_take(&candidate->channel);
	candidate->upgrade = NULL;
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		if (upgrade->candidates[i].upgrade)
			give_up(&upgrade->candidates[i], "another one was ready first");
	listeners_disown(upgrade->listeners);
	upgrade->leave(upgrade->data, pid);
}

static void take_answer(void *data)
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
	log_warning("a successor ended before it was ready: nothing changes pid=%jd",
		(intmax_t)candidate->pid);
	free_candidate(candidate);
}

uint64_t upgrade_tend(struct upgrade *upgrade)
{
	uint64_t now_ms = clock_now_ms(), due_ms = CLOCK_NEVER;
	/* A daemon that stops takes a slow successor rather than none. */
	if (upgrade->control < 0)
		return CLOCK_NEVER;
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++) {
		struct candidate *candidate = &upgrade->candidates[i];
		if (!candidate->upgrade)
			continue;
		if (now_ms >= candidate->until_ms)
			give_up(candidate, "it was not ready in time");
		else if (candidate->until_ms < due_ms)
			due_ms = candidate->until_ms;
	}
	return due_ms;
}

/* Every process of this machine can ask, as often as it likes. That must not fill the log. */
static void log_refusal(struct upgrade *upgrade, const char *why)
{
	uint64_t now_ms = clock_now_ms();
	if (now_ms < upgrade->quiet_until_ms)
		return;
	upgrade->quiet_until_ms = now_ms + QUIET_MS;
	log_warning("take-over refused: %s", why);
}

static struct candidate *find_free(struct upgrade *upgrade)
{
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		if (!upgrade->candidates[i].upgrade)
			return &upgrade->candidates[i];
	return NULL;
}

static uint64_t ready_ms(void)
{
	const char *given = testhook("SLUICE_TEST_READY_MS");
	return given ? strtoull(given, NULL, 10) : UPGRADE_READY_MS;
}

static void take_question(void *data)
{
	struct upgrade *upgrade = data;
	const struct listeners *listeners = upgrade->listeners;
	struct candidate *candidate = find_free(upgrade);
	if (!candidate) {
		handover_refuse(upgrade->control);
		log_refusal(upgrade, "too many successors are starting");
		return;
	}
	struct handover_sockets sockets = {
		.count = listeners->count,
		.owns_file = listeners->count == 1 && listeners->at[0].unlink_path != NULL,
		.notify = upgrade->notify->fd,
		.watchdog_ms = upgrade->notify->watchdog_ms,
	};
	for (size_t i = 0; i < sockets.count; i++)
		sockets.fds[i] = listeners->at[i].fd;
	int channel = -1;
	pid_t pid = 0;
	int r = handover_admit(upgrade->control, &sockets, &channel, &pid);
	if (r == 0)
		r = fcgi_loop_watch(upgrade->loop, channel, take_answer, candidate);
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
		.until_ms = clock_now_ms() + ready_ms()};
	log_notice("a successor has asked for the sockets pid=%jd", (intmax_t)pid);
}

static int follow(struct upgrade *upgrade)
{
	int r = handover_finish(upgrade->predecessor);
	if (r == 0) {
		log_notice("the sockets are taken over from the predecessor");
		fcgi_loop_watch(upgrade->loop, upgrade->predecessor, take_connections, upgrade);
		return 0;
	}
	if (r == -ESTALE) {
		log_error(
			"cannot take over: this daemon was ready too late, and another one serves");
		listeners_disown(upgrade->listeners);
		fd_close(&upgrade->predecessor);
		return r;
	}
	/* The sockets belong to this daemon all the same. */
	log_warning("the sockets are taken over, but the predecessor did not confirm it: %s",
		strerror(-r));
	fd_close(&upgrade->predecessor);
	return 0;
}

void upgrade_listen(struct upgrade *upgrade)
{
	if (upgrade->control >= 0)
		fcgi_loop_unwatch(upgrade->loop, upgrade->control);
	fd_close(&upgrade->control);
	int r = handover_listen(upgrade->listeners->at[0].fd, &upgrade->control);
	if (r == 0)
		r = fcgi_loop_watch(upgrade->loop, upgrade->control, take_question, upgrade);
	if (r < 0)
		log_notice("this daemon cannot be taken over later: %s", strerror(-r));
}

int upgrade_begin(struct upgrade *upgrade, struct fcgi_loop *loop, struct listeners *listeners,
	struct notify *notify, void *data, void (*leave)(void *data, pid_t successor))
{
	upgrade->loop = loop;
	upgrade->listeners = listeners;
	upgrade->notify = notify;
	upgrade->data = data;
	upgrade->leave = leave;
	int r = upgrade->predecessor >= 0 ? follow(upgrade) : 0;
	if (r < 0)
		return r;
	upgrade_listen(upgrade);
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
		listeners_disown(upgrade->listeners);
}

void upgrade_end(struct upgrade *upgrade)
{
	/* This daemon has not begun: the predecessor goes on serving. */
	if (upgrade->predecessor >= 0 && !upgrade->loop)
		listeners_disown(upgrade->listeners);
	for (size_t i = 0; i < UPGRADE_CANDIDATES; i++)
		if (upgrade->candidates[i].upgrade)
			fd_close(&upgrade->candidates[i].channel);
	fd_close(&upgrade->control);
	fd_close(&upgrade->successor);
	fd_close(&upgrade->predecessor);
}

/* SPDX-License-Identifier: MIT */
/*
 * How holders come and go. All of it happens in one thread, because a job dies with the thread that
 * started its holder. A held program gets a new holder before it loses the old one, and an old one
 * stays until the last worker has given it back.
 *
 * Much of this waits: for a program to be read from a disk, for a worker that talks to a standby,
 * for a process to end. So the lock is held for single assignments only (launcher_internal.h).
 */
#include "spawn/launcher_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "spawn/holdable.h"
#include "spawn/launcher_news.h"

enum { BACK_OFF_FIRST_MS = 100, BACK_OFF_MAX_MS = 60000, WELL_MS = 10000 };
/* Of a program that was too slow: a machine that boots reads from a cold and busy disk. */
enum { SLOW_TRIES_MAX = 3, SLOW_AGAIN_MS = 5000 };

static void set_refused(struct launcher *launcher, struct held *held)
{
	pthread_mutex_lock(&launcher->lock);
	held->refused = true;
	pthread_mutex_unlock(&launcher->lock);
}

static void refuse(struct launcher *launcher, struct held *held, const char *why)
{
	set_refused(launcher, held);
	log_notice("program cannot be held, it is started cold program=%s reason=\"%s\"",
		held->program->view.program, why);
}

/* How long a program may take to its main: four times as long at each try. */
static uint64_t patience_ms(const struct held *held)
{
	return (uint64_t)LAUNCHER_READY_MS << 2 * held->slow_tries;
}

/* Gives up a holder: it ends with its last job, and is freed when no worker uses it. */
static void let_go(struct launcher *launcher, struct kept **slot)
{
	pthread_mutex_lock(&launcher->lock);
	struct kept *kept = *slot;
	*slot = NULL;
	if (kept)
		kept->leaving = true;
	pthread_mutex_unlock(&launcher->lock);
	if (!kept)
		return;
	LIST_INSERT_HEAD(&launcher->leaving, kept, entry);
	if (kept->ready)
		holder_retire(kept->holder);
	else
		holder_kill(kept->holder);
}

static void start_holder(struct launcher *launcher, struct held *held)
{
	if (!launcher->library[0]) {
		set_refused(launcher, held);
		return;
	}
	const char *why = holdable_refusal(held->program->view.program);
	if (why) {
		refuse(launcher, held, why);
		let_go(launcher, &held->current);
		return;
	}
	struct holder_options options = {
		.library = launcher->library,
		.namespaces = spawner_has_namespaces(launcher->spawner),
		.confinement = spawner_get_confinement(launcher->spawner),
		.notes_fd = spawner_get_holder_notes(launcher->spawner),
		.epoll = launcher->epoll,
	};
	struct kept *kept = calloc(1, sizeof *kept);
	int r = kept ? 0 : -ENOMEM;
	if (r == 0) {
		kept->number = ++launcher->numbers;
		kept->since_ms = clock_now_ms();
		r = holder_new(&options, &held->program->view, kept->number, &kept->holder);
	}
	if (r < 0) {
		free(kept);
		refuse(launcher, held, strerror(-r));
		return;
	}
	held->next = kept;
}

static void back_off(struct held *held)
{
	held->back_off_ms = held->back_off_ms ? held->back_off_ms * 2 : BACK_OFF_FIRST_MS;
	if (held->back_off_ms > BACK_OFF_MAX_MS)
		held->back_off_ms = BACK_OFF_MAX_MS;
}

/* The next holder has ended before it was ready. */
static void failed(struct launcher *launcher, struct held *held, const char *why)
{
	const char *note = holder_note(held->next->holder);
	char text[256];
	snprintf(text, sizeof text, "%s", *note ? note : why);
	let_go(launcher, &held->next);
	if (!held->was_ready) {
		refuse(launcher, held, text);
		return;
	}
	back_off(held);
	held->not_before_ms = clock_now_ms() + held->back_off_ms;
	log_warning("holder not restarted, trying again in %u ms program=%s reason=\"%s\"",
		held->back_off_ms, held->program->view.program, text);
}

/* The next holder has taken too long. It may only be slow at present, so it is tried again, later
 * and with more patience. */
static void too_slow(struct launcher *launcher, struct held *held)
{
	static const char why[] = "it did not get to main";
	if (held->was_ready || held->slow_tries >= SLOW_TRIES_MAX) {
		failed(launcher, held, why);
		return;
	}
	let_go(launcher, &held->next);
	uint64_t wait = (uint64_t)SLOW_AGAIN_MS << 2 * held->slow_tries++;
	held->not_before_ms = clock_now_ms() + wait;
	log_notice("program is not held yet, it is started cold, trying again in %llu s program=%s"
		   " reason=\"%s\"",
		(unsigned long long)wait / 1000, held->program->view.program, why);
}

static void tend_next(struct launcher *launcher, struct held *held)
{
	struct kept *next = held->next;
	uint64_t now = clock_now_ms();
	switch (holder_tend(next->holder)) {
	case HOLDER_ENDED:
		failed(launcher, held, "it ended before main");
		return;
	case HOLDER_STARTING:
		if (now - next->since_ms >= patience_ms(held))
			too_slow(launcher, held);
		return;
	case HOLDER_READY:
		break;
	}
	next->ready = true;
	held->next = NULL;
	pthread_mutex_lock(&launcher->lock);
	struct kept *before = held->current;
	held->current = next;
	held->jobs = 0;
	held->replace = held->stale = false;
	pthread_mutex_unlock(&launcher->lock);
	held->was_ready = true;
	held->slow_tries = 0;
	let_go(launcher, &before);
	log_notice("program is held program=%s pid=%d ready_ms=%llu%s%s",
		held->program->view.program, (int)holder_pid(next->holder),
		(unsigned long long)(now - next->since_ms),
		*holder_note(next->holder) ? " note=" : "", holder_note(next->holder));
}

static void tend_current(struct launcher *launcher, struct held *held)
{
	struct kept *current = held->current;
	uint64_t now = clock_now_ms();
	if (holder_tend(current->holder) != HOLDER_ENDED)
		return;
	bool well = now - current->since_ms >= WELL_MS;
	log_warning("holder lost program=%s pid=%d", held->program->view.program,
		(int)holder_pid(current->holder));
	let_go(launcher, &held->current);
	if (well)
		held->back_off_ms = 0;
	/* The first restart is immediate. */
	held->not_before_ms = now + held->back_off_ms;
	back_off(held);
}

static bool is_wanted(struct launcher *launcher, const struct held *held)
{
	if (held->next || held->refused || held->unwanted)
		return false;
	pthread_mutex_lock(&launcher->lock);
	bool wanted = !held->current || held->replace;
	pthread_mutex_unlock(&launcher->lock);
	return wanted;
}

static void tend_held(
	struct launcher *launcher, struct held *held, const struct launcher_news *news)
{
	if (held->next)
		tend_next(launcher, held);
	if (held->current && launcher_news_has(news, held->current->number))
		tend_current(launcher, held);
	if (is_wanted(launcher, held) && held->not_before_ms <= clock_now_ms())
		start_holder(launcher, held);
}

static void free_leaving(struct launcher *launcher)
{
	struct kept *kept = LIST_FIRST(&launcher->leaving), *following;
	for (; kept; kept = following) {
		following = LIST_NEXT(kept, entry);
		bool ended = holder_tend(kept->holder) == HOLDER_ENDED;
		pthread_mutex_lock(&launcher->lock);
		bool used = kept->users > 0;
		pthread_mutex_unlock(&launcher->lock);
		if (!ended || used)
			continue;
		LIST_REMOVE(kept, entry);
		launcher_free_kept(kept);
	}
}

static bool is_settling(const struct launcher *launcher)
{
	struct held *held;
	LIST_FOREACH (held, &launcher->programs, entry)
		if (held->next)
			return true;
	return false;
}

/* Its holder takes the jobs of a wanted one that is not held yet (find_for_job). */
static bool stands_in(const struct launcher *launcher, const struct held *unwanted)
{
	struct held *held;
	LIST_FOREACH (held, &launcher->programs, entry)
		if (!held->unwanted && !held->refused && !held->current && unwanted->current &&
			held_program_resembles(held->program, &unwanted->program->view))
			return true;
	return false;
}

static void drop_unwanted(struct launcher *launcher)
{
	struct held *held = LIST_FIRST(&launcher->programs), *following;
	for (; held; held = following) {
		following = LIST_NEXT(held, entry);
		if (!held->unwanted || stands_in(launcher, held))
			continue;
		pthread_mutex_lock(&launcher->lock);
		LIST_REMOVE(held, entry);
		pthread_mutex_unlock(&launcher->lock);
		let_go(launcher, &held->current);
		let_go(launcher, &held->next);
		held_program_free(held->program);
		free(held);
	}
}

static void set_timer(struct launcher *launcher)
{
	uint64_t next = CLOCK_NEVER, now = clock_now_ms();
	struct held *held;
	LIST_FOREACH (held, &launcher->programs, entry) {
		uint64_t at = CLOCK_NEVER;
		if (held->next)
			at = held->next->since_ms + patience_ms(held);
		else if (is_wanted(launcher, held))
			at = held->not_before_ms;
		next = at < next ? at : next;
	}
	struct itimerspec when = {0};
	if (next != CLOCK_NEVER) {
		uint64_t ms = next > now ? next - now : 1;
		when.it_value.tv_sec = (time_t)(ms / 1000);
		when.it_value.tv_nsec = (long)(ms % 1000) * 1000000;
	}
	timerfd_settime(launcher->timer, 0, &when, NULL);
}

/* The lock is held. A program that is held already stays so. */
static void fulfil(struct launcher *launcher, struct held_program **program, struct held **spare)
{
	struct held *held = launcher_find(launcher, &(*program)->view);
	if (!held && (held = *spare)) {
		*spare = NULL;
		held->program = *program;
		*program = NULL;
		LIST_INSERT_HEAD(&launcher->programs, held, entry);
	}
	if (!held)
		return; /* no memory: it is started cold */
	held->unwanted = false;
	held->refused = false;
	held->slow_tries = 0;
	held->not_before_ms = 0;
}

static void take_wish(struct launcher *launcher)
{
	pthread_mutex_lock(&launcher->lock);
	struct launcher_wish *wish = launcher->wish;
	launcher->wish = NULL;
	struct held *held;
	if (wish)
		LIST_FOREACH (held, &launcher->programs, entry)
			held->unwanted = true;
	pthread_mutex_unlock(&launcher->lock);
	struct held *spare = NULL;
	for (size_t i = 0; wish && i < wish->count; i++) {
		spare = spare ? spare : calloc(1, sizeof *spare);
		pthread_mutex_lock(&launcher->lock);
		fulfil(launcher, &wish->programs[i], &spare);
		pthread_mutex_unlock(&launcher->lock);
	}
	free(spare);
	launcher_wish_free(wish);
}

void launcher_tend(struct launcher *launcher)
{
	struct launcher_news news;
	launcher_news_take(launcher, &news);
	take_wish(launcher);
	struct held *held;
	LIST_FOREACH (held, &launcher->programs, entry)
		tend_held(launcher, held, &news);
	if (!is_settling(launcher))
		drop_unwanted(launcher);
	free_leaving(launcher);
	set_timer(launcher);
}

void launcher_settle(struct launcher *launcher)
{
	uint64_t deadline = clock_now_ms() + LAUNCHER_READY_MS + 100;
	for (;;) {
		launcher_tend(launcher);
		if (!is_settling(launcher) || clock_now_ms() >= deadline)
			return;
		/* Not by epoll_wait(2), which would take an event that is told once. */
		struct pollfd entry = {launcher->epoll, POLLIN, 0};
		poll(&entry, 1, clock_poll_timeout(deadline));
	}
}

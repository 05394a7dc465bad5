/* SPDX-License-Identifier: MIT */
/*
 * A place is one program that shall be held; in it stands the holder that takes jobs now, and for a while the one that is to
 * follow it. Workers look a place up and borrow its holder by a reference; only the main thread starts, replaces and frees.
 * What a worker finds wrong it notes in the place, and wakes the main thread through an eventfd that is in the same epoll set as
 * all the sockets and pidfds: to the outside everything is one descriptor.
 */
#include "spawn/launcher.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "spawn/holdable.h"
#include "spawn/program.h"

enum { BACK_OFF_FIRST_MS = 100, BACK_OFF_MAX_MS = 60000, WELL_MS = 10000 };

/* A holder with those who use it. */
struct kept {
	struct holder *holder;
	unsigned number;
	unsigned users; /* workers within holder_start */
	bool ready;
	uint64_t since_ms;	/* started */
	LIST_ENTRY(kept) entry; /* in `leaving` */
};

struct place {
	struct program *program;
	struct kept *current;	/* NULL: cold for now */
	struct kept *next;	/* starting */
	unsigned jobs;		/* of current */
	bool replace;		/* current is to be replaced: crash, or enough jobs */
	bool stale;		/* and must not be used any more */
	bool refused;		/* it cannot be held */
	bool unwanted;		/* by the configuration */
	bool was_ready;		/* ever */
	uint64_t not_before_ms; /* a holder is started */
	unsigned back_off_ms;
	LIST_ENTRY(place) entry;
};

struct launcher {
	struct spawner *spawner;
	char library[PATH_MAX];
	int epoll, wake, timer;
	unsigned numbers;
	pthread_mutex_t lock; /* for places, what they point to, and users */
	LIST_HEAD(, place) places;
	LIST_HEAD(, kept) leaving; /* retired, or ended with users */
};

/* Beside the program in the build tree, else where it is installed. "" when there is none. */
static void find_library(char path[PATH_MAX])
{
	static const char name[] = "libsluice-warm.so";
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash = NULL;
	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
	}
	if (slash && (size_t)(slash + 1 - path) + sizeof name <= PATH_MAX)
		memcpy(slash + 1, name, sizeof name);
	if (!slash || access(path, R_OK) < 0)
		snprintf(path, PATH_MAX, "%s", SLUICE_WARM_LIBRARY);
	if (access(path, R_OK) < 0) {
		log_notice("no warm start: %s not found", path);
		path[0] = '\0';
	} else if (strpbrk(path, " :")) {
		/* They separate the entries of LD_PRELOAD. */
		log_notice("no warm start: blank or colon in %s", path);
		path[0] = '\0';
	}
}

int launcher_new(struct spawner *spawner, struct launcher **out)
{
	struct launcher *launcher = calloc(1, sizeof *launcher);
	if (!launcher)
		return -ENOMEM;
	launcher->spawner = spawner;
	LIST_INIT(&launcher->places);
	LIST_INIT(&launcher->leaving);
	pthread_mutex_init(&launcher->lock, NULL);
	launcher->epoll = epoll_create1(EPOLL_CLOEXEC);
	launcher->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	launcher->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct epoll_event event = {.events = EPOLLIN};
	int r = 0;
	if (launcher->epoll < 0 || launcher->wake < 0 || launcher->timer < 0 ||
		epoll_ctl(launcher->epoll, EPOLL_CTL_ADD, launcher->wake, &event) < 0 ||
		epoll_ctl(launcher->epoll, EPOLL_CTL_ADD, launcher->timer, &event) < 0)
		r = -errno;
	if (r < 0) {
		launcher_free(launcher);
		return r;
	}
	find_library(launcher->library);
	*out = launcher;
	return 0;
}

static void free_kept(struct kept *kept)
{
	if (kept)
		holder_free(kept->holder);
	free(kept);
}

void launcher_free(struct launcher *launcher)
{
	if (!launcher)
		return;
	struct place *place;
	while ((place = LIST_FIRST(&launcher->places))) {
		LIST_REMOVE(place, entry);
		free_kept(place->current);
		free_kept(place->next);
		program_free(place->program);
		free(place);
	}
	struct kept *kept;
	while ((kept = LIST_FIRST(&launcher->leaving))) {
		LIST_REMOVE(kept, entry);
		free_kept(kept);
	}
	fd_close(&launcher->epoll);
	fd_close(&launcher->wake);
	fd_close(&launcher->timer);
	pthread_mutex_destroy(&launcher->lock);
	free(launcher);
}

int launcher_get_fd(const struct launcher *launcher)
{
	return launcher->epoll;
}

static void wake(struct launcher *launcher)
{
	uint64_t one = 1;
	ssize_t n = write(launcher->wake, &one, sizeof one);
	(void)n; /* full: it is awake */
}

/* The lock is held in all functions from here to launcher_tend, but they are only called by the main thread. */

static void refuse(struct place *place, const char *why)
{
	place->refused = true;
	log_notice("program cannot be held, it is started cold program=%s reason=\"%s\"",
		place->program->held.program, why);
}

/* Gives up a holder: it ends with its last job, and is freed when nobody uses it. */
static void let_go(struct launcher *launcher, struct kept **slot)
{
	struct kept *kept = *slot;
	*slot = NULL;
	if (!kept)
		return;
	LIST_INSERT_HEAD(&launcher->leaving, kept, entry);
	if (kept->ready)
		holder_retire(kept->holder);
	else
		holder_kill(kept->holder);
}

static void start_holder(struct launcher *launcher, struct place *place)
{
	if (!launcher->library[0]) {
		place->refused = true;
		return;
	}
	const char *why = holdable_refusal(place->program->held.program);
	if (why) {
		refuse(place, why);
		let_go(launcher, &place->current);
		return;
	}
	struct holder_options options = {
		.library = launcher->library,
		.namespaces = spawner_has_namespaces(launcher->spawner),
		.confinement = spawner_get_confinement(launcher->spawner),
		.epoll = launcher->epoll,
	};
	struct kept *kept = calloc(1, sizeof *kept);
	int r = kept ? 0 : -ENOMEM;
	if (r == 0) {
		kept->number = ++launcher->numbers;
		kept->since_ms = clock_now_ms();
		r = holder_new(&options, &place->program->held, kept->number, &kept->holder);
	}
	if (r < 0) {
		free(kept);
		refuse(place, strerror(-r));
		return;
	}
	place->next = kept;
}

static void back_off(struct place *place)
{
	place->back_off_ms = place->back_off_ms ? place->back_off_ms * 2 : BACK_OFF_FIRST_MS;
	if (place->back_off_ms > BACK_OFF_MAX_MS)
		place->back_off_ms = BACK_OFF_MAX_MS;
}

/* Ended before it was ready. */
static void failed(struct launcher *launcher, struct place *place, const char *why)
{
	const char *note = holder_note(place->next->holder);
	char text[256];
	snprintf(text, sizeof text, "%s", *note ? note : why);
	let_go(launcher, &place->next);
	if (!place->was_ready) {
		refuse(place, text);
		return;
	}
	back_off(place);
	place->not_before_ms = clock_now_ms() + place->back_off_ms;
	log_warning("holder not restarted, trying again in %u ms program=%s reason=\"%s\"",
		place->back_off_ms, place->program->held.program, text);
}

static void tend_next(struct launcher *launcher, struct place *place)
{
	struct kept *next = place->next;
	uint64_t now = clock_now_ms();
	switch (holder_tend(next->holder)) {
	case HOLDER_ENDED:
		failed(launcher, place, "it ended before main");
		return;
	case HOLDER_STARTING:
		if (now - next->since_ms >= LAUNCHER_READY_MS)
			failed(launcher, place, "it did not get to main");
		return;
	case HOLDER_READY:
		break;
	}
	next->ready = true;
	place->next = NULL;
	let_go(launcher, &place->current);
	place->current = next;
	place->jobs = 0;
	place->replace = place->stale = false;
	place->was_ready = true;
	log_notice("program is held program=%s pid=%d ready_ms=%llu%s%s",
		place->program->held.program, (int)holder_pid(next->holder),
		(unsigned long long)(now - next->since_ms),
		*holder_note(next->holder) ? " note=" : "", holder_note(next->holder));
}

static void tend_current(struct launcher *launcher, struct place *place)
{
	struct kept *current = place->current;
	uint64_t now = clock_now_ms();
	if (holder_tend(current->holder) != HOLDER_ENDED)
		return;
	bool well = now - current->since_ms >= WELL_MS;
	log_warning("holder lost program=%s pid=%d", place->program->held.program,
		(int)holder_pid(current->holder));
	let_go(launcher, &place->current);
	if (well)
		place->back_off_ms = 0;
	/* The first time at once. */
	place->not_before_ms = now + place->back_off_ms;
	back_off(place);
}

static bool is_wanted(const struct place *place)
{
	return !place->next && !place->refused && !place->unwanted &&
	       (!place->current || place->replace);
}

static void tend_place(struct launcher *launcher, struct place *place)
{
	if (place->next)
		tend_next(launcher, place);
	if (place->current)
		tend_current(launcher, place);
	if (is_wanted(place) && place->not_before_ms <= clock_now_ms())
		start_holder(launcher, place);
}

static void free_leaving(struct launcher *launcher)
{
	struct kept *kept = LIST_FIRST(&launcher->leaving), *following;
	for (; kept; kept = following) {
		following = LIST_NEXT(kept, entry);
		if (holder_tend(kept->holder) != HOLDER_ENDED || kept->users > 0)
			continue;
		LIST_REMOVE(kept, entry);
		free_kept(kept);
	}
}

static bool is_settling(const struct launcher *launcher)
{
	struct place *place;
	LIST_FOREACH(place, &launcher->places, entry)
	if (place->next)
		return true;
	return false;
}

static void drop_unwanted(struct launcher *launcher)
{
	struct place *place = LIST_FIRST(&launcher->places), *following;
	for (; place; place = following) {
		following = LIST_NEXT(place, entry);
		if (!place->unwanted)
			continue;
		LIST_REMOVE(place, entry);
		let_go(launcher, &place->current);
		let_go(launcher, &place->next);
		program_free(place->program);
		free(place);
	}
}

static void set_timer(struct launcher *launcher)
{
	uint64_t next = CLOCK_NEVER, now = clock_now_ms();
	struct place *place;
	LIST_FOREACH(place, &launcher->places, entry)
	{
		uint64_t at = CLOCK_NEVER;
		if (place->next)
			at = place->next->since_ms + LAUNCHER_READY_MS;
		else if (is_wanted(place))
			at = place->not_before_ms;
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

void launcher_tend(struct launcher *launcher)
{
	uint64_t count;
	struct epoll_event events[16];
	while (epoll_wait(launcher->epoll, events, 16, 0) == 16)
		;
	ssize_t n = read(launcher->wake, &count, sizeof count);
	n = read(launcher->timer, &count, sizeof count);
	(void)n;
	pthread_mutex_lock(&launcher->lock);
	struct place *place;
	LIST_FOREACH(place, &launcher->places, entry)
	tend_place(launcher, place);
	if (!is_settling(launcher))
		drop_unwanted(launcher);
	free_leaving(launcher);
	set_timer(launcher);
	pthread_mutex_unlock(&launcher->lock);
}

void launcher_settle(struct launcher *launcher)
{
	uint64_t deadline = clock_now_ms() + LAUNCHER_READY_MS + 100;
	for (;;) {
		launcher_tend(launcher);
		if (!is_settling(launcher) || clock_now_ms() >= deadline)
			return;
		struct epoll_event event;
		epoll_wait(launcher->epoll, &event, 1, clock_poll_timeout(deadline));
	}
}

static struct place *find(
	struct launcher *launcher, const char *program, const char *name, char *const *envp)
{
	struct place *place;
	LIST_FOREACH(place, &launcher->places, entry)
	if (program_is(place->program, program, name, envp))
		return place;
	return NULL;
}

int launcher_set(struct launcher *launcher, const struct holder_program *programs, size_t count)
{
	struct place *place;
	int r = 0;
	pthread_mutex_lock(&launcher->lock);
	LIST_FOREACH(place, &launcher->places, entry)
	place->unwanted = true;
	for (size_t i = 0; i < count && r == 0; i++) {
		bool changed = false;
		place = find(launcher, programs[i].program, programs[i].name, programs[i].envp);
		if (!place) {
			place = calloc(1, sizeof *place);
			if (!place || !(place->program = program_new(&programs[i]))) {
				free(place);
				r = -ENOMEM;
				break;
			}
			LIST_INSERT_HEAD(&launcher->places, place, entry);
		} else {
			r = program_add(place->program, &programs[i], &changed);
			place->replace |= changed;
		}
		place->unwanted = false;
		place->refused = false;
		place->not_before_ms = 0;
	}
	pthread_mutex_unlock(&launcher->lock);
	launcher_tend(launcher);
	return r;
}

static struct kept *borrow(struct launcher *launcher, const struct job_spec *spec)
{
	struct kept *kept = NULL;
	pthread_mutex_lock(&launcher->lock);
	struct place *place = find(launcher, spec->program, spec->argv[0], spec->envp);
	if (place && place->current && !place->stale) {
		kept = place->current;
		kept->users++;
		if (++place->jobs == LAUNCHER_RECYCLE_JOBS) {
			place->replace = true;
			wake(launcher);
		}
	}
	pthread_mutex_unlock(&launcher->lock);
	return kept;
}

static void give_back(struct launcher *launcher, struct kept *kept)
{
	pthread_mutex_lock(&launcher->lock);
	if (--kept->users == 0)
		wake(launcher);
	pthread_mutex_unlock(&launcher->lock);
}

/* The one of this number is not to be followed by more jobs than necessary; stale: by none. */
static void replace(struct launcher *launcher, unsigned number, bool stale)
{
	struct place *place;
	pthread_mutex_lock(&launcher->lock);
	LIST_FOREACH(place, &launcher->places, entry)
	{
		if (!place->current || place->current->number != number ||
			(place->replace && place->stale >= stale))
			continue;
		place->replace = true;
		place->stale |= stale;
		log_notice("holder is replaced program=%s reason=\"%s\"",
			place->program->held.program,
			stale ? "a file has changed" : "a job crashed");
		wake(launcher);
	}
	pthread_mutex_unlock(&launcher->lock);
}

int launcher_start(
	struct launcher *launcher, const struct job_spec *spec, bool warm, struct job *job)
{
	struct kept *kept = warm ? borrow(launcher, spec) : NULL;
	int r = HOLDER_E_AWAY;
	if (kept) {
		r = holder_start(kept->holder, spec, job);
		if (r == HOLDER_E_STALE)
			replace(launcher, kept->number, true);
		give_back(launcher, kept);
	}
	return r <= 0 ? r : spawner_start(launcher->spawner, spec, job);
}

void launcher_ended(struct launcher *launcher, unsigned holder, const struct job_result *result)
{
	if (holder == 0 || result->exited)
		return;
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		if (result->signal == crashes[i])
			replace(launcher, holder, false);
}

size_t launcher_look(struct launcher *launcher, struct launcher_view *out, size_t max)
{
	size_t n = 0;
	const struct place *place;
	pthread_mutex_lock(&launcher->lock);
	LIST_FOREACH(place, &launcher->places, entry)
	{
		if (n == max || place->unwanted)
			continue;
		struct launcher_view *view = &out[n++];
		*view = (struct launcher_view){
			.state = place->current   ? LAUNCHER_HELD
				 : place->refused ? LAUNCHER_REFUSED
						  : LAUNCHER_BEGINNING,
			.pid = place->current ? holder_pid(place->current->holder) : 0,
			.jobs = place->current ? place->jobs : 0,
		};
		snprintf(view->program, sizeof view->program, "%s", place->program->held.program);
	}
	pthread_mutex_unlock(&launcher->lock);
	return n;
}

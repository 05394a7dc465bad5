/* SPDX-License-Identifier: MIT */
/*
 * What workers do with holders. To the outside everything is one descriptor: an epoll set with all
 * sockets and pidfds of holders, a timer, and the eventfd by which a worker wakes the thread that
 * tends. See launcher_internal.h for the structures and the lock.
 */
#include "spawn/launcher_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/installed.h"
#include "base/log.h"

/* The library lies beside the program in the build tree, else where it is installed. "": there is
 * none. The daemon serves without it, but each request then pays for its program's start: an
 * operator would look for the reason elsewhere. */
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
		installed_find(INSTALLED_WARM_LIBRARY, path);
	if (access(path, R_OK) < 0) {
		log_warning("every program starts cold: %s is missing or not readable", path);
		path[0] = '\0';
	} else if (strpbrk(path, " :")) {
		/* They separate the entries of LD_PRELOAD. */
		log_warning("every program starts cold: there is a blank or a colon in %s", path);
		path[0] = '\0';
	}
}

int launcher_new(struct spawner *spawner, struct launcher **out)
{
	struct launcher *launcher = calloc(1, sizeof *launcher);
	if (!launcher)
		return -ENOMEM;
	launcher->spawner = spawner;
	LIST_INIT(&launcher->programs);
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

void launcher_free_kept(struct kept *kept)
{
	if (kept)
		holder_free(kept->holder);
	free(kept);
}

void launcher_free(struct launcher *launcher)
{
	if (!launcher)
		return;
	struct held *held;
	while ((held = LIST_FIRST(&launcher->programs))) {
		LIST_REMOVE(held, entry);
		launcher_free_kept(held->current);
		launcher_free_kept(held->next);
		held_program_free(held->program);
		free(held);
	}
	struct kept *kept;
	while ((kept = LIST_FIRST(&launcher->leaving))) {
		LIST_REMOVE(kept, entry);
		launcher_free_kept(kept);
	}
	launcher_wish_free(launcher->wish);
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

void launcher_wake(struct launcher *launcher)
{
	uint64_t one = 1;
	ssize_t n = write(launcher->wake, &one, sizeof one);
	(void)n; /* full: it is awake */
}

struct held *launcher_find(struct launcher *launcher, const struct holder_program *program)
{
	struct held *held;
	LIST_FOREACH (held, &launcher->programs, entry)
		if (held_program_is(held->program, program))
			return held;
	return NULL;
}

bool launcher_holds(struct launcher *launcher, const struct holder_program *program)
{
	pthread_mutex_lock(&launcher->lock);
	const struct held *held = launcher_find(launcher, program);
	bool holds = held && held->current;
	pthread_mutex_unlock(&launcher->lock);
	return holds;
}

int launcher_wish_new(
	const struct holder_program *programs, size_t count, struct launcher_wish **out)
{
	struct launcher_wish *wish = calloc(1, sizeof *wish + count * sizeof *wish->programs);
	int r = wish ? 0 : -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++) {
		size_t at = 0;
		while (at < wish->count && !held_program_is(wish->programs[at], &programs[i]))
			at++;
		if (at < wish->count)
			continue;
		if ((wish->programs[at] = held_program_new(&programs[i])))
			wish->count++;
		else
			r = -ENOMEM;
	}
	if (r < 0)
		launcher_wish_free(wish);
	else
		*out = wish;
	return r;
}

void launcher_wish_free(struct launcher_wish *wish)
{
	for (size_t i = 0; wish && i < wish->count; i++)
		held_program_free(wish->programs[i]);
	free(wish);
}

void launcher_set(struct launcher *launcher, struct launcher_wish *wish)
{
	pthread_mutex_lock(&launcher->lock);
	struct launcher_wish *before = launcher->wish;
	launcher->wish = wish;
	pthread_mutex_unlock(&launcher->lock);
	launcher_wish_free(before);
	launcher_wake(launcher);
}

/* The one whose holder takes the job, or NULL. After a reload that changes `preload` or `prime`,
 * the holder of before goes on until the new one is ready; the other way round, a request of the
 * old configuration may find the new one only. Two recipes of one configuration never stand in for
 * each other: what one has loaded and called is no burden on the other. One that cannot be held is
 * started cold, as the log says. The lock is held. */
static struct held *find_for_job(struct launcher *launcher, const struct holder_program *program)
{
	struct held *own = launcher_find(launcher, program), *held;
	if (own && (own->current || own->refused))
		return own;
	LIST_FOREACH (held, &launcher->programs, entry)
		if (held->current && !held->stale && (!own || own->unwanted || held->unwanted) &&
			held_program_resembles(held->program, program))
			return held;
	return own;
}

static struct kept *borrow(struct launcher *launcher, const struct job_spec *spec)
{
	const struct holder_program program = {spec->program, spec->argv[0], spec->envp,
		spec->preload, spec->prime, spec->confinement.level};
	struct kept *kept = NULL;
	pthread_mutex_lock(&launcher->lock);
	struct held *held = find_for_job(launcher, &program);
	if (held && held->current && !held->stale) {
		kept = held->current;
		kept->users++;
		if (++held->jobs == LAUNCHER_RECYCLE_JOBS) {
			held->replace = true;
			launcher_wake(launcher);
		}
	}
	pthread_mutex_unlock(&launcher->lock);
	return kept;
}

static void give_back(struct launcher *launcher, struct kept *kept)
{
	bool missed = holder_was_missed(kept->holder);
	pthread_mutex_lock(&launcher->lock);
	if ((--kept->users == 0 && kept->leaving) || missed)
		launcher_wake(launcher);
	pthread_mutex_unlock(&launcher->lock);
}

/* Another holder shall take the place of the one with this number. stale: it gets no more jobs
 * until then. */
static void replace(struct launcher *launcher, unsigned number, bool stale)
{
	struct held *held;
	pthread_mutex_lock(&launcher->lock);
	LIST_FOREACH (held, &launcher->programs, entry) {
		if (!held->current || held->current->number != number ||
			(held->replace && held->stale >= stale))
			continue;
		held->replace = true;
		held->stale |= stale;
		log_notice("holder is replaced program=%s reason=\"%s\"",
			held->program->view.program,
			stale ? "a file has changed" : "a job crashed");
		launcher_wake(launcher);
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
	const struct held *held;
	pthread_mutex_lock(&launcher->lock);
	LIST_FOREACH (held, &launcher->programs, entry) {
		if (n == max || held->unwanted)
			continue;
		struct launcher_view *view = &out[n++];
		*view = (struct launcher_view){
			.state = held->current	 ? LAUNCHER_HELD
				 : held->refused ? LAUNCHER_REFUSED
						 : LAUNCHER_BEGINNING,
			.pid = held->current ? holder_pid(held->current->holder) : 0,
			.jobs = held->current ? held->jobs : 0,
		};
		snprintf(view->program, sizeof view->program, "%s", held->program->view.program);
		if (held->program->prime[0])
			snprintf(view->prime, sizeof view->prime, "%s", held->program->prime[0]);
	}
	pthread_mutex_unlock(&launcher->lock);
	return n;
}

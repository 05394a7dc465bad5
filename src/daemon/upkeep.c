/* SPDX-License-Identifier: MIT */
/*
 * A job dies with the thread that started its spawner or its holder (PR_SET_PDEATHSIG), so both
 * threads live as long as there can be jobs: upkeep_free joins them last.
 *
 * keep_spawner() is the only caller of spawner_get_pidfd and spawner_restart; tend_launcher() is
 * the only caller of launcher_tend after the start. The structure does not change while the threads
 * run, so it needs no lock. `stop` stays readable once it has been written: both threads see it.
 */
#include "src/daemon/upkeep.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

/* At least between the start of a spawner and the next one: a spawner that ends at once would
 * otherwise be started in a tight loop. */
enum { RESTART_PAUSE_MS = 200 };

struct upkeep {
	struct starter *starter;
	struct metrics *metrics;
	int stop;
	pthread_t threads[2];
	size_t count;
};

/* Waits until fd is readable (-1: never), or for the timeout (-1: none). Returns false when the
 * thread has to end. */
static bool wait_for(const struct upkeep *upkeep, int fd, int timeout_ms)
{
	struct pollfd fds[2] = {{upkeep->stop, POLLIN, 0}, {fd, POLLIN, 0}};
	while (poll(fds, 2, timeout_ms) < 0 && errno == EINTR)
		;
	return fds[0].revents == 0;
}

static void *tend_launcher(void *data)
{
	const struct upkeep *upkeep = data;
	struct launcher *launcher = upkeep->starter->launcher;
	while (wait_for(upkeep, launcher_get_fd(launcher), -1))
		launcher_tend(launcher);
	return NULL;
}

/* Without a spawner, requests for programs that cannot be held are answered with 503. So the thread
 * tries until a start succeeds. The log has one line for any number of failures. */
static void *keep_spawner(void *data)
{
	const struct upkeep *upkeep = data;
	struct spawner *spawner = upkeep->starter->spawner;
	uint64_t started_ms = 0;
	bool failed = false;
	while (wait_for(
		upkeep, failed ? -1 : spawner_get_pidfd(spawner), failed ? RESTART_PAUSE_MS : -1)) {
		uint64_t lived_ms = clock_now_ms() - started_ms;
		if (!failed && lived_ms < RESTART_PAUSE_MS &&
			!wait_for(upkeep, -1, RESTART_PAUSE_MS - (int)lived_ms))
			break;
		int r = spawner_restart(spawner);
		started_ms = clock_now_ms();
		if (r < 0 && !failed)
			log_error("the spawner ended and cannot be started again, trying on: %s",
				strerror(-r));
		failed = r < 0;
		if (failed)
			continue;
		metrics_count(upkeep->metrics, METRICS_SPAWNER_RESTARTS);
		log_warning("the spawner ended and was started again");
	}
	return NULL;
}

int upkeep_new(struct starter *starter, struct metrics *metrics, struct upkeep **out)
{
	struct upkeep *upkeep = calloc(1, sizeof *upkeep);
	if (!upkeep)
		return -ENOMEM;
	upkeep->starter = starter;
	upkeep->metrics = metrics;
	upkeep->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = upkeep->stop < 0 ? -errno : 0;
	void *(*const mains[])(void *) = {tend_launcher, keep_spawner};
	while (r == 0 && upkeep->count < 2) {
		r = -pthread_create(
			&upkeep->threads[upkeep->count], NULL, mains[upkeep->count], upkeep);
		upkeep->count += r == 0;
	}
	if (r < 0)
		upkeep_free(upkeep);
	else
		*out = upkeep;
	return r;
}

void upkeep_abandon(struct upkeep *upkeep)
{
	eventfd_write(upkeep->stop, 1);
	for (size_t i = 0; i < upkeep->count; i++)
		pthread_detach(upkeep->threads[i]);
}

void upkeep_free(struct upkeep *upkeep)
{
	if (!upkeep)
		return;
	if (upkeep->stop >= 0)
		eventfd_write(upkeep->stop, 1);
	for (size_t i = 0; i < upkeep->count; i++)
		pthread_join(upkeep->threads[i], NULL);
	fd_close(&upkeep->stop);
	free(upkeep);
}

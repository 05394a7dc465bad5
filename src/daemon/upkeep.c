/* SPDX-License-Identifier: MIT */
#include "src/daemon/upkeep.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "base/log.h"

enum { SPAWNER_AGAIN_MS = 200 };

struct upkeep {
	struct service *service;
	int stop; /* readable: end */
	pthread_t threads[2];
	size_t count;
};

/* False: it is the end. */
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
	struct launcher *launcher = upkeep->service->starter.launcher;
	while (wait_for(upkeep, launcher_get_fd(launcher), -1))
		launcher_tend(launcher);
	return NULL;
}

/* Without a spawner programs that cannot be held are answered by 503, so it is tried until it
 * works; said once. */
static void *keep_spawner(void *data)
{
	const struct upkeep *upkeep = data;
	struct service *service = upkeep->service;
	bool failed = false;
	while (wait_for(upkeep, spawner_get_pidfd(service->starter.spawner),
		failed ? SPAWNER_AGAIN_MS : -1)) {
		int r = spawner_restart(service->starter.spawner);
		if (r < 0 && !failed)
			log_error("spawner lost and not restarted, trying again: %s", strerror(-r));
		failed = r < 0;
		if (failed)
			continue;
		metrics_count(service->observer.metrics, METRICS_SPAWNER_RESTARTS);
		log_warning("spawner lost and restarted");
	}
	return NULL;
}

int upkeep_new(struct service *service, struct upkeep **out)
{
	struct upkeep *upkeep = calloc(1, sizeof *upkeep);
	if (!upkeep)
		return -ENOMEM;
	upkeep->service = service;
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

void upkeep_stop(struct upkeep *upkeep)
{
	eventfd_write(upkeep->stop, 1);
}

void upkeep_free(struct upkeep *upkeep)
{
	if (!upkeep)
		return;
	if (upkeep->stop >= 0)
		upkeep_stop(upkeep);
	for (size_t i = 0; i < upkeep->count; i++)
		pthread_join(upkeep->threads[i], NULL);
	fd_close(&upkeep->stop);
	free(upkeep);
}

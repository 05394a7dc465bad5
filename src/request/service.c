/* SPDX-License-Identifier: MIT */
/* The spawner starts first of all, so that it inherits nothing. */
#include "src/request/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree.h"
#include "spawn/cgroup.h"

enum { REMOVE_MS = 2000 };

int service_open(struct service *service, const char *temp_path)
{
	*service = (struct service){.temp_fd = -1};
	int n = snprintf(
		service->temp_dir, sizeof service->temp_dir, "%s/sluice.XXXXXX", temp_path);
	if (n < 0 || (size_t)n >= sizeof service->temp_dir)
		return -ENAMETOOLONG;
	if (!mkdtemp(service->temp_dir)) {
		service->temp_dir[0] = '\0';
		return -errno;
	}
	/* Before there is any other process of ours, and any thread. */
	char cgroup[PATH_MAX];
	bool grouped = cgroup_begin(cgroup) == 0;
	struct spawner_options options = {.temp_path = service->temp_dir};
	service->temp_fd = open(service->temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = service->temp_fd < 0 ? -errno : spawner_new(&options, &service->spawner);
	if (r == 0)
		r = launcher_new(service->spawner, &service->launcher);
	if (r == 0)
		r = meter_new(service->temp_dir, grouped ? cgroup : NULL, &service->meter);
	if (r == 0)
		r = workdir_new(service->temp_fd, &service->workdir);
	if (r == 0)
		r = admission_new(&service->admission);
	if (r == 0)
		r = metrics_new(&service->metrics);
	if (r == 0)
		r = history_new(&service->history);
	if (r == 0)
		r = in_flight_new(&service->in_flight);
	if (r < 0)
		service_close(service);
	return r;
}

/* Jobs may have left any amount. Nobody may have to wait for it: the spawner removes what is
 * left in time. */
static void remove_temp(const struct service *service)
{
	const struct tree_limit limit = {.until_ms = clock_now_ms() + REMOVE_MS};
	if (service->temp_dir[0])
		tree_remove(AT_FDCWD, service->temp_dir, &limit);
}

void service_close(struct service *service)
{
	launcher_free(service->launcher);
	service->launcher = NULL;
	workdir_free(service->workdir);
	service->workdir = NULL;
	remove_temp(service);
	spawner_free(service->spawner);
	service->spawner = NULL;
	meter_free(service->meter);
	service->meter = NULL;
	admission_free(service->admission);
	service->admission = NULL;
	metrics_free(service->metrics);
	service->metrics = NULL;
	history_free(service->history);
	service->history = NULL;
	in_flight_free(service->in_flight);
	service->in_flight = NULL;
	fd_close(&service->temp_fd);
	service->temp_dir[0] = '\0';
}

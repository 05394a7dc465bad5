/* SPDX-License-Identifier: MIT */
/* The spawner is forked before the daemon opens anything else, so that it inherits nothing. */
#include "src/convert/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree.h"
#include "spawn/cgroup.h"

enum { REMOVE_MS = 2000 };

int starter_open(struct starter *starter, const char *temp_path)
{
	*starter = (struct starter)STARTER_NONE;
	int r = temp_open(&starter->temp, temp_path);
	if (r < 0)
		return r;
	/* Before the daemon has other processes or threads: they all join the group. */
	char cgroup[PATH_MAX];
	cgroup_own_open(&starter->cgroup);
	bool grouped = cgroup_begin(cgroup) == 0;
	struct spawner_options options = {.temp_path = starter->temp.dir};
	r = spawner_new(&options, &starter->spawner);
	if (r == 0)
		r = launcher_new(starter->spawner, &starter->launcher);
	if (r == 0)
		r = meter_new(starter->temp.dir, grouped ? cgroup : NULL, &starter->meter);
	if (r == 0)
		r = workdir_new(&starter->temp, &starter->workdir);
	if (r < 0)
		starter_close(starter);
	return r;
}

/* Jobs may have left any number of files. The daemon works on them for a bounded time; the spawner
 * removes the rest. */
static void remove_temp(const struct starter *starter)
{
	const struct tree_limit limit = {.until_ms = clock_now_ms() + REMOVE_MS};
	if (starter->temp.dir[0])
		tree_remove(AT_FDCWD, starter->temp.dir, &limit);
}

void starter_close(struct starter *starter)
{
	launcher_free(starter->launcher);
	workdir_free(starter->workdir);
	remove_temp(starter);
	spawner_free(starter->spawner);
	meter_free(starter->meter);
	temp_close(&starter->temp);
	fd_close(&starter->stderr_copy);
	cgroup_own_close(&starter->cgroup);
	*starter = (struct starter)STARTER_NONE;
}

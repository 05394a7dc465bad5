/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_STARTER_H
#define SRC_CONVERT_STARTER_H

/*
 * What it takes to start a converter, for the life of the daemon: the processes that start and
 * measure programs, and the directory for temporary files. The parts have locks of their own, so
 * any thread may use a starter.
 */

#include "spawn/cgroup_own.h"
#include "spawn/launcher.h"
#include "spawn/meter.h"
#include "spawn/spawner.h"
#include "src/convert/temp.h"
#include "src/convert/workdir.h"

struct starter {
	struct spawner *spawner;
	struct launcher *launcher;
	struct meter *meter;
	struct cgroup_own cgroup;
	struct temp temp;	 /* the spawner removes it if the daemon is killed */
	struct workdir *workdir; /* below it */
	/* What all converters write to standard error is written here, too; -1: nowhere. Set by
	 * `sluice train` before the first conversion; starter_close closes it. */
	int stderr_copy;
};

/* Makes the directory below temp_path (mode 0700) and starts the spawner. No program is held before
 * launcher_set. Main thread, before there are others. Returns 0, or -errno with nothing left. */
int starter_open(struct starter *starter, const char *temp_path);
/* No conversion may be running any more. STARTER_NONE is fine.
 */
#define STARTER_NONE                                                                               \
	{                                                                                          \
		.temp = TEMP_NONE, .stderr_copy = -1, .cgroup = CGROUP_OWN_NONE                    \
	}
void starter_close(struct starter *starter);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_STARTER_H
#define SRC_CONVERT_STARTER_H

/*
 * What starting a converter needs, for the life of the daemon: who starts programs, and where their
 * temporary files go.
 */

#include <limits.h>

#include "spawn/launcher.h"
#include "spawn/meter.h"
#include "spawn/spawner.h"
#include "src/convert/workdir.h"

struct starter {
	struct spawner *spawner;
	struct launcher *launcher;
	struct meter *meter;
	/* The daemon's own directory. The spawner removes it when the daemon was killed. */
	int temp_fd;
	char temp_dir[PATH_MAX];
	struct workdir *workdir; /* below it */
};

/* Makes the directory below temp_path (mode 0700) and starts the spawner. Nothing is held before
 * prefork_set. Main thread, before there are others. Returns 0 or -errno; then nothing is left. */
int starter_open(struct starter *starter, const char *temp_path);
/* No conversion may be running any more. A starter that was never opened is fine when its temp_fd
 * is -1 and everything else 0. */
void starter_close(struct starter *starter);

#endif

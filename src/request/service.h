/* SPDX-License-Identifier: MIT */
#ifndef SRC_SERVICE_H
#define SRC_SERVICE_H

/*
 * What all requests share for the life of the daemon: who starts converters, who may run one, where
 * temporary files go.
 */

#include <limits.h>

#include "spawn/launcher.h"
#include "spawn/meter.h"
#include "spawn/spawner.h"
#include "src/admission.h"
#include "src/history.h"
#include "src/metrics.h"
#include "src/running.h"
#include "src/workdir.h"

struct cache;
struct flights;
struct recall;

struct service {
	struct spawner *spawner;
	struct launcher *launcher;
	struct meter *meter;
	struct admission *admission;
	struct metrics *metrics;
	struct history *history;
	struct running *running;
	struct cache *cache;	 /* flight.h; NULL: nothing is kept */
	struct flights *flights; /* NULL: nothing is shared (render) */
	struct recall *recall;	 /* recall.h; NULL: nothing is remembered (render) */
	int temp_fd; /* the daemon's own directory; the spawner removes it when the daemon was
			killed */
	char temp_dir[PATH_MAX];
	struct workdir *workdir; /* below it */
};

/* Makes the directory below temp_path (with a mode of 0700), starts the spawner and opens
 * admission. Nothing is held before warmth_set. Main thread, before there are others. Returns 0 or -errno. */
int service_open(struct service *service, const char *temp_path);
/* No request may be running any more. */
void service_close(struct service *service);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_SERVICE_H
#define SRC_REQUEST_SERVICE_H

/*
 * What all requests share for the life of the daemon: who starts converters, who may run one, where
 * temporary files go.
 */

#include <limits.h>

#include "spawn/launcher.h"
#include "spawn/meter.h"
#include "spawn/spawner.h"
#include "src/admission/queue.h"
#include "src/observe/history.h"
#include "src/observe/metrics.h"
#include "src/observe/in_flight.h"
#include "src/convert/workdir.h"

struct cache;
struct share_table;
struct memo;

struct service {
	struct spawner *spawner;
	struct launcher *launcher;
	struct meter *meter;
	struct admission *admission;
	struct metrics *metrics;
	struct history *history;
	struct in_flight *in_flight;
	struct cache *cache;	 /* share.h; NULL: nothing is kept */
	struct share_table *share_table; /* NULL: nothing is shared (render) */
	struct memo *memo;	 /* memo.h; NULL: nothing is remembered (render) */
	int temp_fd; /* the daemon's own directory; the spawner removes it when the daemon was
			killed */
	char temp_dir[PATH_MAX];
	struct workdir *workdir; /* below it */
};

/* Makes the directory below temp_path (with a mode of 0700), starts the spawner and opens
 * admission. Nothing is held before prefork_set. Main thread, before there are others. Returns 0 or -errno. */
int service_open(struct service *service, const char *temp_path);
/* No request may be running any more. */
void service_close(struct service *service);

#endif

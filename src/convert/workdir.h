/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_WORKDIR_H
#define SRC_CONVERT_WORKDIR_H

/*
 * The directories of jobs, below the daemon's own. A few exist from the start and go from job to
 * job, as long as each job leaves its directory as it was. More are made and removed as needed. Any
 * thread.
 */

#include <stdint.h>

#include "src/convert/temp.h"

struct workdir;

enum { WORKDIR_NAME_MAX = 32 };

/* temp: the daemon's own directory, borrowed. Returns 0 or -errno. */
int workdir_new(struct temp *temp, struct workdir **out);
/* The directories stay; they are removed with the daemon's own. NULL is fine. */
void workdir_free(struct workdir *workdir);

/* Gives an empty directory with a mode of 0700 to one job. Returns 0 or -errno. */
int workdir_take(struct workdir *workdir, char name[WORKDIR_NAME_MAX]);

/* Takes the directory back, whatever the job did to it. The job must have ended. name becomes
 * "". */
void workdir_give(struct workdir *workdir, char name[WORKDIR_NAME_MAX]);

#endif

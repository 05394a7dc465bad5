/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_SPAWNER_H
#define SPAWN_SPAWNER_H

/*
 * The spawner: a single-threaded process of our own that starts the jobs. A start costs least
 * there, and no child ever has the daemon's memory and descriptors. Jobs are children of the daemon
 * (CLONE_PARENT). When the daemon has ended, in whatever way, the spawner kills every job that
 * still runs, removes the temporary directory, and ends.
 *
 * A job has no capabilities, also when the daemon runs as root (no_new_privs, SECBIT_NOROOT): a
 * file that it opens by name, /dev/fd/3 included, must be readable for the user. Its umask is 077.
 * Jobs of a spawner that has been replaced have the parent-death signal, but no guardian for
 * processes that outlive their leader outside of a namespace.
 */

#include <stdbool.h>

#include "spawn/confinement.h"
#include "spawn/filter.h"
#include "spawn/job.h"

struct spawner;

struct spawner_options {
	const char *temp_path; /* absolute; removed when the daemon is gone; NULL: none */
	bool no_namespaces;    /* do as if the kernel gave none: process group and filter (tests) */
};

/* Starts it (posix_spawn of /proc/self/exe with the argument SPAWNER_ARGUMENT). Main thread: jobs
 * die with the thread that started their spawner (PR_SET_PDEATHSIG). Returns 0 or -errno. */
#define SPAWNER_ARGUMENT "--spawner"
int spawner_new(const struct spawner_options *options, struct spawner **out);

/* Ends it, kills what still runs, and removes temp_path. No job may be running any more. NULL is
 * fine. */
void spawner_free(struct spawner *spawner);

/* For a daemon that exits while jobs run: the spawner kills the jobs, removes temp_path and ends.
 * Returns when it has ended. The spawner cannot be used afterwards. Main thread. */
void spawner_stop(struct spawner *spawner);

/* Readable when the spawner has ended: then call spawner_restart. Running jobs stay. A restart
 * takes up to ten seconds and holds no lock meanwhile. It returns 0, or -errno: try again later;
 * the pidfd is -1 until then. The pidfd is borrowed and changes with a restart. Both: one thread,
 * which lives as long as there are jobs of the new spawner (see spawner_new). */
int spawner_get_pidfd(const struct spawner *spawner);
int spawner_restart(struct spawner *spawner);

/* Any thread. */
bool spawner_is_alive(struct spawner *spawner);

/* Starts a program. Any thread. Returns 0 with *job filled, a positive errno value when the program
 * could not be executed (ENOENT, EACCES, ENOEXEC …: missing or not executable), or -errno when no
 * job could be started at all: -E2BIG (argv and environment do not fit into JOB_MESSAGE_MAX),
 * -EAGAIN (too many jobs or processes), -EMFILE, -EPIPE (no spawner until spawner_restart), -ENOENT
 * (directory) … */
int spawner_start(struct spawner *spawner, const struct job_spec *spec, struct job *job);

/* What confines its jobs; borrowed. */
const struct confinement *spawner_get_confinement(const struct spawner *spawner);

/* For holders: where they note the jobs that they end (shared_notes.h); borrowed. */
int spawner_get_holder_notes(const struct spawner *spawner);

/* Asked once, after a job has been reaped: true when the spawner or its holder has ended it because
 * of a system call that no converter makes; its name. Any thread. */
bool spawner_stopped_job(struct spawner *spawner, pid_t pid, char call[FILTER_NAME_MAX]);

/* True when jobs get a pid namespace of their own (probed when the spawner starts). */
bool spawner_has_namespaces(const struct spawner *spawner);

/* main() of the spawner process: called first thing by sluice's main when argv[1] is
 * SPAWNER_ARGUMENT. Does not return. */
_Noreturn void spawner_main(int argc, char **argv);

#endif

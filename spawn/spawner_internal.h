/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_SPAWNER_INTERNAL_H
#define SPAWN_SPAWNER_INTERNAL_H

/*
 * What spawner.c (its life) and spawner_start.c (jobs) share.
 *
 * Locks: `life` guards what follows it, and is never held for long. So does `lock`, which is held
 * from a job's message to the answer. Where both are taken, `lock` is taken first; both are taken
 * to change the socket, so either is enough to read it. The rest is set once. spawner_restart,
 * which alone changes pidfd, reads it without the lock.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "spawn/confinement.h"
#include "spawn/protocol.h"
#include "spawn/shared_notes.h"
#include "spawn/spawner.h"

struct spawner {
	char *temp_path; /* "": none */
	bool no_namespaces;
	struct confinement *confinement;
	/* What the spawner process and the holders say of jobs that they have ended. Holders have
	 * their own notes, because those of a spawner also name a child of the daemon to be killed.
	 */
	struct shared_notes *notes, *holder_notes;
	int notes_fd, holder_notes_fd;
	atomic_bool namespaces;

	pthread_mutex_t life;
	int pidfd;
	bool stopping; /* by spawner_stop: it kills the jobs, and must not be killed itself */
	int socket;    /* -1: there is no process that could start a job; `lock`, too */

	pthread_mutex_t lock;
	pthread_cond_t restarted;
	bool restarting;
	uint32_t sequence;
	struct protocol_packet packet;
};

#endif

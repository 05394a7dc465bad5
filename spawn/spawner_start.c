/* SPDX-License-Identifier: MIT */
/*
 * One start at a time holds the lock from its message to the answer. The spawner cannot do two at
 * once anyway, and so an answer can only belong to the message that was just sent.
 */
#include "spawn/spawner_internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "spawn/child.h"
#include "spawn/group.h"
#include "spawn/process.h"

enum { RESTART_WAIT_S = 2 /* how long a start waits for another spawner */ };

/* The lock is held. A restart takes milliseconds, so a request that comes just then need not fail.
 */
static void await_restart(struct spawner *spawner)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RESTART_WAIT_S;
	int r = 0;
	while (spawner->restarting && r == 0)
		r = pthread_cond_clockwait(
			&spawner->restarted, &spawner->lock, CLOCK_MONOTONIC, &until);
}

static int receive_started(struct spawner *spawner, struct protocol_started *started)
{
	int r = protocol_receive(spawner->socket, &spawner->packet);
	if (r == 0)
		return -EPIPE;
	if (r < 0 && r != -EMFILE)
		return r;
	bool lost = r == -EMFILE;
	r = protocol_decode_started(&spawner->packet, started);
	if (r < 0)
		return r;
	bool expected = started->pid > 1 && !lost;
	if (started->header.sequence != spawner->sequence || started->flags & PROTOCOL_SELF ||
		spawner->packet.fds.count != (expected ? 1 : 0))
		return -EPROTO;
	return 0;
}

static void log_failed_step(const struct protocol_started *started)
{
	static const char *const names[] = {
		[CHILD_STEP_GROUP] = "process group",
		[CHILD_STEP_DAEMON] = "parent-death signal",
		[CHILD_STEP_LIMITS] = "limits",
		[CHILD_STEP_FILES] = "descriptors",
		[CHILD_STEP_DIRECTORY] = "working directory",
		[CHILD_STEP_LANDLOCK] = "landlock",
		[CHILD_STEP_FILTER] = "filter",
	};
	if (started->step < sizeof names / sizeof *names && names[started->step])
		log_warning(
			"job not started: %s: %s", names[started->step], strerror(started->error));
}

/* There was no good answer. */
static void give_up(struct spawner *spawner)
{
	pthread_mutex_lock(&spawner->life);
	if (!spawner->stopping)
		group_signal_leader(spawner->pidfd, SIGKILL);
	fd_close(&spawner->socket);
	pthread_mutex_unlock(&spawner->life);
}

/* Sends the message in the buffer and takes the answer. A spawner that gives no good answer is
 * killed. */
static int converse(struct spawner *spawner, const struct job_spec *spec, int ruleset, size_t size,
	struct protocol_started *started, struct job *job)
{
	int fds[PROTOCOL_FDS_MAX];
	size_t fd_count = 0;
	for (size_t i = 0; i < spec->file_count; i++)
		fds[fd_count++] = spec->files[i].fd;
	if (ruleset >= 0)
		fds[fd_count++] = ruleset;
	struct protocol_packet *packet = &spawner->packet;
	int r = protocol_send(spawner->socket, packet->data, size, fds, fd_count);
	if (r == -EBADF || r == -ETOOMANYREFS || r == -ENOMEM || r == -ENOBUFS || r == -EMSGSIZE)
		return r; /* nothing was sent, nothing is broken */
	if (r == 0)
		r = receive_started(spawner, started);
	if (r < 0) {
		protocol_close(packet);
		if (r != -EPIPE)
			log_error("spawner: %s", strerror(-r));
		give_up(spawner);
		return -EPIPE;
	}
	spawner->notes->leader = 0;
	if (started->pid > 1 && packet->fds.count == 0) {
		process_end_by_number(started->pid);
		return -EMFILE;
	}
	*job = (struct job){
		.pid = started->pid,
		.pidfd = fd_list_take(&packet->fds, 0),
		.namespaced = (started->flags & PROTOCOL_NAMESPACED) != 0,
		.confine = spec->confinement.level,
	};
	return 0;
}

int spawner_start(struct spawner *spawner, const struct job_spec *spec, struct job *job)
{
	struct protocol_started started = {0};
	*job = (struct job){.pidfd = -1};
	if (spec->file_count > JOB_FILES_MAX)
		return -EINVAL;
	FD_CLEANUP int ruleset = -1;
	int r = confinement_ruleset(spawner->confinement, spec, &ruleset);
	if (r < 0) {
		log_warning("job not started: its confinement cannot be made: %s", strerror(-r));
		return r;
	}
	pthread_mutex_lock(&spawner->lock);
	await_restart(spawner);
	r = -EPIPE;
	if (spawner->socket >= 0) {
		struct protocol_packet *packet = &spawner->packet;
		ssize_t size = protocol_encode_start(
			spec, ruleset >= 0, ++spawner->sequence, packet->data, sizeof packet->data);
		r = size < 0 ? (int)size
			     : converse(spawner, spec, ruleset, (size_t)size, &started, job);
	}
	pthread_mutex_unlock(&spawner->lock);
	if (ruleset >= 0)
		confinement_prepare(spawner->confinement);
	if (r < 0 || started.error == 0)
		return r;
	if (job->pidfd >= 0)
		job_reap(job, NULL);
	if (started.step == CHILD_STEP_EXEC)
		return started.error;
	log_failed_step(&started);
	return -started.error;
}

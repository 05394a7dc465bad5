/* SPDX-License-Identifier: MIT */
/*
 * A job is given to a standby that exists already, so a start is one message and its answer. What
 * fails before the answer is no error of the request: the standby is killed and reaped, so that
 * nothing of the job can happen twice, and the caller starts the job cold.
 */
#include "spawn/holder_internal.h"

#include <errno.h>

#include "base/fd.h"

enum {
	STANDBY_WAIT_MS = 200,
	ANSWER_WAIT_MS = 2000,
	TRIES = 3,
	STANDBY_MESSAGES = 3, /* one of which is a standby */
};

/* Sends the job and takes the answer. 0: the process is the job; else a HOLDER_E_, or -errno of
 * spec. */
static int converse(struct holder *holder, const struct job_spec *spec, int ruleset)
{
	struct protocol_packet *packet = &holder->packet;
	struct standby *standby = &holder->standby;
	struct protocol_started started;
	int fds[PROTOCOL_FDS_MAX];
	size_t fd_count = spec->file_count;
	ssize_t size = protocol_encode_start(
		spec, ruleset >= 0, ++holder->sequence, packet->data, sizeof packet->data);
	if (size < 0)
		return (int)size;
	for (size_t i = 0; i < spec->file_count; i++)
		fds[i] = spec->files[i].fd;
	if (ruleset >= 0)
		fds[fd_count++] = ruleset;
	if (protocol_send(standby->socket, packet->data, (size_t)size, fds, fd_count) < 0)
		return HOLDER_E_AWAY;
	/* While it works: the next job's. */
	if (ruleset >= 0)
		confinement_prepare(holder->confinement);
	if (!holder_is_readable(standby->socket, ANSWER_WAIT_MS) ||
		protocol_receive(standby->socket, packet) != 1)
		return HOLDER_E_AWAY;
	int r = protocol_decode_started(packet, &started);
	protocol_close(packet);
	if (r < 0 || !(started.flags & PROTOCOL_SELF) ||
		started.header.sequence != holder->sequence)
		return HOLDER_E_AWAY;
	if (started.error == ESTALE)
		return HOLDER_E_STALE;
	return started.error ? HOLDER_E_AWAY : 0;
}

/* Entered. */
static int start(struct holder *holder, const struct job_spec *spec, int ruleset, struct job *job)
{
	struct standby *standby = &holder->standby;
	int r = HOLDER_E_AWAY;
	for (int i = 0; i < TRIES && r == HOLDER_E_AWAY; i++) {
		/* READY may stand before the first of them. */
		for (int k = 0; k < STANDBY_MESSAGES && standby->pidfd < 0; k++)
			if (!holder_take_message(holder, STANDBY_WAIT_MS))
				break;
		if (standby->pidfd < 0)
			return HOLDER_E_AWAY;
		r = converse(holder, spec, ruleset);
		if (r != 0)
			holder_end_standby(holder);
	}
	if (r != 0)
		return r;
	*job = (struct job){.pid = standby->pid,
		.pidfd = standby->pidfd,
		.namespaced = standby->namespaced,
		.holder = holder->number};
	holder_unwatch(holder->epoll, standby->pidfd);
	standby->pidfd = -1;
	fd_close(&standby->socket);
	return 0;
}

int holder_start(struct holder *holder, const struct job_spec *spec, struct job *job)
{
	FD_CLEANUP int ruleset = -1;
	if (confinement_ruleset(holder->confinement, spec, &ruleset) < 0)
		return HOLDER_E_AWAY;
	if (!holder_enter(holder, STANDBY_WAIT_MS))
		return HOLDER_E_AWAY;
	int r = start(holder, spec, ruleset, job);
	holder_take_messages(holder);
	holder_leave(holder);
	confinement_prepare(holder->confinement);
	return r;
}

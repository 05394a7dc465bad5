/* SPDX-License-Identifier: MIT */
/*
 * The daemon's end of the conversation: a question and its answer, one at a time. A worker that
 * finds another one asking comes again later, since looks are repeated anyway.
 *
 * meter.lock guards what stands below it. It is held from a question to its answer, for
 * METER_WAIT_MS at the most.
 */
#include "spawn/meter.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "spawn/inherited.h"
#include "spawn/meter_protocol.h"
#include "spawn/process.h"

enum { METER_END_MS = 5000, SILENT_MS = 5000, LATE_ANSWERS_MAX = 8 };

struct meter {
	bool cgroups;
	char *temp_path; /* as the kernel spells it */
	pthread_mutex_t lock;
	int pidfd, socket;	  /* -1: it is gone */
	uint64_t silent_until_ms; /* it did not answer in time: no question until then */
	uint64_t sequence;
};

static int launch(struct meter *meter, const char *cgroup)
{
	const char *const argv[] = {"sluice: meter", METER_ARGUMENT, cgroup ? cgroup : "", NULL};
	const struct process_plan plan = {
		.program = "/proc/self/exe",
		.argv = (char *const *)argv,
		.envp = environ,
		.null_last = STDOUT_FILENO,
		.socket_number = METER_SOCKET_FD,
		.end = METER_END_FD,
	};
	struct process process;
	int r = process_start(&plan, &process);
	if (r < 0)
		return r;
	meter->pidfd = process.pidfd;
	meter->socket = process.socket;
	const struct timeval timeout = {.tv_usec = METER_WAIT_MS * 1000};
	if (setsockopt(meter->socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
		setsockopt(meter->socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
		return -errno;
	return 0;
}

int meter_new(const char *temp_path, const char *cgroup, struct meter **out)
{
	struct meter *meter = calloc(1, sizeof *meter);
	if (!meter)
		return -ENOMEM;
	meter->pidfd = meter->socket = -1;
	meter->cgroups = cgroup != NULL;
	pthread_mutex_init(&meter->lock, NULL);
	meter->temp_path = realpath(temp_path, NULL);
	int r = meter->temp_path ? launch(meter, cgroup) : -errno;
	if (r < 0) {
		meter_free(meter);
		return r;
	}
	*out = meter;
	return 0;
}

void meter_free(struct meter *meter)
{
	if (!meter)
		return;
	fd_close(&meter->socket);
	if (meter->pidfd >= 0)
		process_reap(&meter->pidfd, METER_END_MS);
	pthread_mutex_destroy(&meter->lock);
	free(meter->temp_path);
	free(meter);
}

bool meter_has_cgroups(const struct meter *meter)
{
	return meter->cgroups;
}

/* An answer to an earlier question, which came too late, is passed over. */
static int converse(
	struct meter *meter, const struct meter_question *question, struct meter_answer *answer)
{
	if (send(meter->socket, question, sizeof *question, MSG_NOSIGNAL) < 0)
		return -errno;
	for (int tries = 0; tries < LATE_ANSWERS_MAX; tries++) {
		ssize_t n = recv(meter->socket, answer, sizeof *answer, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n != sizeof *answer)
			return -EPIPE;
		if (answer->sequence == METER_LOST_SEQUENCE)
			return -EIO;
		if (answer->sequence == question->sequence)
			return 0;
	}
	return -EAGAIN;
}

/* The lock is held. */
static int ask(struct meter *meter, struct meter_question *question, struct meter_answer *answer)
{
	if (meter->socket < 0)
		return -EPIPE;
	if (clock_now_ms() < meter->silent_until_ms)
		return -EBUSY;
	question->sequence = ++meter->sequence;
	int r = converse(meter, question, answer);
	if (r == 0 || r == -EIO)
		return r;
	if (r == -EAGAIN) {
		meter->silent_until_ms = clock_now_ms() + SILENT_MS;
		return -EBUSY;
	}
	log_error("the meter is gone: %s; longer jobs with limits are ended, because their shared "
		  "memory and unnamed files cannot be counted; restart the daemon",
		strerror(-r));
	fd_close(&meter->socket);
	process_reap(&meter->pidfd, 0);
	return -EPIPE;
}

int meter_look(struct meter *meter, pid_t leader, const char *name,
	const struct meter_limits *limits, struct meter_amount *out)
{
	if (pthread_mutex_trylock(&meter->lock) != 0)
		return -EAGAIN;
	struct meter_question question = {.limits = *limits, .leader = leader};
	struct meter_answer answer;
	snprintf(question.directory, sizeof question.directory, "%s/%s", meter->temp_path, name);
	int r = ask(meter, &question, &answer);
	pthread_mutex_unlock(&meter->lock);
	if (r == 0)
		*out = answer.amount;
	return r;
}

bool meter_end(struct meter *meter, pid_t leader)
{
	if (!meter->cgroups)
		return false;
	struct meter_question question = {.leader = leader, .ended = true};
	struct meter_answer answer;
	pthread_mutex_lock(&meter->lock);
	int r = ask(meter, &question, &answer);
	pthread_mutex_unlock(&meter->lock);
	return r == 0 && answer.kills > 0;
}

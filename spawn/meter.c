/* SPDX-License-Identifier: MIT */
/*
 * Both ends of the conversation. A look is one request and its answer; one at a time. Who finds
 * another one looking comes again later: looks are repeated anyway.
 */
#include "spawn/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "spawn/cgroup.h"
#include "spawn/process.h"

enum { METER_SOCKET_FD = 3, METER_END_MS = 5000, SILENT_MS = 5000 };

struct question {
	uint64_t sequence;
	struct meter_limits limits;
	int64_t leader;
	bool ended;
	char directory[PATH_MAX];
};

struct answer {
	uint64_t sequence;
	struct meter_amount amount;
	uint64_t kills;
};

struct meter {
	bool cgroups;
	char *temp_path; /* as the kernel spells it */
	int pidfd;
	pthread_mutex_t lock;	  /* for what follows */
	int socket;		  /* -1: it is gone */
	uint64_t silent_until_ms; /* it did not answer in time: nobody waits for it */
	uint64_t sequence;
};

static int fill_actions(posix_spawn_file_actions_t *actions, int socket)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
			actions, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, socket, METER_SOCKET_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, METER_SOCKET_FD + 1);
	return -r;
}

/* Returns the pid or -errno. */
static pid_t execute(int socket, const char *cgroup)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const char *const argv[] = {"sluice: meter", METER_ARGUMENT, cgroup ? cgroup : "", NULL};
	pid_t pid = -1;
	int r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attributes);
	if (r == 0) {
		r = fill_actions(&actions, socket);
		if (r == 0)
			r = process_attributes(&attributes);
		if (r == 0)
			r = -posix_spawn(&pid, "/proc/self/exe", &actions, &attributes,
				(char *const *)argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return r < 0 ? r : pid;
}

static int launch(struct meter *meter, const char *cgroup)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	FD_CLEANUP int ours = pair[0];
	FD_CLEANUP int theirs = pair[1];
	FD_CLEANUP int high = process_above(theirs, METER_SOCKET_FD + 1);
	struct timeval timeout = {.tv_usec = METER_WAIT_MS * 1000};
	if (high < 0)
		return high;
	if (setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
		setsockopt(ours, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
		return -errno;
	pid_t pid = execute(high, cgroup);
	if (pid < 0)
		return pid;
	meter->pidfd = process_open(pid);
	if (meter->pidfd < 0) {
		process_end_by_number(pid);
		return meter->pidfd;
	}
	meter->socket = fd_take(&ours);
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
		meter->pidfd = -1;
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
static int converse(struct meter *meter, const struct question *question, struct answer *answer)
{
	if (send(meter->socket, question, sizeof *question, MSG_NOSIGNAL) < 0)
		return -errno;
	for (int tries = 0; tries < 8; tries++) {
		ssize_t n = recv(meter->socket, answer, sizeof *answer, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n != sizeof *answer)
			return -EPIPE;
		if (answer->sequence == question->sequence)
			return 0;
	}
	return -EAGAIN;
}

/* The lock is held. */
static int ask(struct meter *meter, struct question *question, struct answer *answer)
{
	if (clock_now_ms() < meter->silent_until_ms)
		return -EBUSY;
	question->sequence = ++meter->sequence;
	int r = meter->socket < 0 ? -EPIPE : converse(meter, question, answer);
	if (r == -EAGAIN) {
		meter->silent_until_ms = clock_now_ms() + SILENT_MS;
		return -EBUSY;
	}
	if (r < 0 && meter->socket >= 0) {
		log_error("shared memory and unnamed files of jobs are not counted any more: "
			  "the meter is gone: %s",
			strerror(-r));
		fd_close(&meter->socket);
	}
	return r;
}

int meter_look(struct meter *meter, pid_t leader, const char *name,
	const struct meter_limits *limits, struct meter_amount *out)
{
	if (pthread_mutex_trylock(&meter->lock) != 0)
		return -EAGAIN;
	struct question question = {.limits = *limits, .leader = leader};
	struct answer answer;
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
	struct question question = {.leader = leader, .ended = true};
	struct answer answer;
	pthread_mutex_lock(&meter->lock);
	int r = ask(meter, &question, &answer);
	pthread_mutex_unlock(&meter->lock);
	return r == 0 && answer.kills > 0;
}

/* Until the daemon is gone. */
static void serve(struct cgroups *cgroups)
{
	for (;;) {
		struct question question;
		ssize_t n = recv(METER_SOCKET_FD, &question, sizeof question, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof question)
			return;
		struct answer answer = {.sequence = question.sequence};
		question.directory[sizeof question.directory - 1] = '\0';
		if (question.ended)
			answer.kills = cgroups_end(cgroups, (pid_t)question.leader);
		else
			meter_count(cgroups, (pid_t)question.leader, question.directory,
				&question.limits, &answer.amount);
		if (send(METER_SOCKET_FD, &answer, sizeof answer, MSG_NOSIGNAL) < 0)
			return;
	}
}

void meter_main(int argc, char **argv)
{
	static struct cgroups cgroups;
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "sluice-meter", 0, 0, 0);
	if (chdir("/") < 0)
		_exit(1);
	cgroups_open(&cgroups, argc > 2 ? argv[2] : NULL, getppid());
	serve(&cgroups);
	cgroups_close(&cgroups);
	_exit(0);
}

/* SPDX-License-Identifier: MIT */
/*
 * The life of the spawner process, as the daemon sees it. A process that does not answer in time,
 * or sends nonsense, is killed (spawner_start.c). That makes its pidfd readable, and another one is
 * started. Jobs do not depend on it: they are children of the daemon. No lock is held while the new
 * process starts.
 */
#include "spawn/spawner_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/inherited.h"
#include "spawn/process.h"
#include "spawn/testhook.h"

enum { ANSWER_TIMEOUT_S = 10, END_TIMEOUT_MS = 10000 };

/* A daemon that ignores SIGCHLD (inherited so) would have its children reaped by the kernel, with
 * their exit status lost. */
static void keep_exit_statuses(void)
{
	struct sigaction action;
	if (sigaction(SIGCHLD, NULL, &action) < 0)
		return;
	if (action.sa_handler == SIG_IGN || action.sa_flags & SA_NOCLDWAIT) {
		action = (struct sigaction){.sa_handler = SIG_DFL};
		sigaction(SIGCHLD, &action, NULL);
	}
}

static int receive_ready(struct spawner *spawner, int socket)
{
	struct protocol_ready ready;
	struct protocol_packet *packet = calloc(1, sizeof *packet);
	int r = packet ? protocol_receive(socket, packet) : -ENOMEM;
	if (r == 1) {
		r = protocol_decode_ready(packet, &ready);
		protocol_close(packet);
		if (r == 0)
			atomic_store(
				&spawner->namespaces, (ready.flags & PROTOCOL_NAMESPACED) != 0);
	} else if (r == 0) {
		r = -EPIPE;
	}
	free(packet);
	return r;
}

/* Starts the process and waits until it is ready, ANSWER_TIMEOUT_S at the most. Without the lock.
 */
static int launch(struct spawner *spawner, int *out_pidfd, int *out_socket)
{
	const char *const argv[] = {"sluice: spawner", SPAWNER_ARGUMENT,
		spawner->no_namespaces ? SPAWNER_NO_NAMESPACES : SPAWNER_NAMESPACES,
		spawner->temp_path, NULL};
	FD_CLEANUP int self = process_open(getpid());
	if (self < 0)
		return self;
	const struct process_plan plan = {
		.program = "/proc/self/exe",
		.argv = (char *const *)argv,
		.envp = environ,
		.null_last = STDOUT_FILENO,
		.socket_number = SPAWNER_SOCKET_FD,
		.fds = {{self, SPAWNER_DAEMON_FD}, {spawner->notes_fd, SPAWNER_NOTES_FD},
			{confinement_get_filters(spawner->confinement), SPAWNER_FILTERS_FD}},
		.fd_count = 3,
		.end = SPAWNER_END_FD,
	};
	struct process process;
	int r = process_start(&plan, &process);
	if (r < 0)
		return r;
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	if (setsockopt(process.socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
		setsockopt(process.socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
		r = -errno;
	if (r == 0)
		r = receive_ready(spawner, process.socket);
	if (r < 0) {
		process_reap(&process.pidfd, 0);
		fd_close(&process.socket);
		return r;
	}
	*out_pidfd = process.pidfd;
	*out_socket = process.socket;
	return 0;
}

int spawner_new(const struct spawner_options *options, struct spawner **out)
{
	const char *temp_path = options->temp_path ? options->temp_path : "";
	if (*temp_path && *temp_path != '/')
		return -EINVAL;
	struct spawner *spawner = calloc(1, sizeof *spawner);
	if (!spawner)
		return -ENOMEM;
	spawner->socket = -1;
	spawner->pidfd = -1;
	spawner->no_namespaces =
		options->no_namespaces || testhook("SLUICE_TEST_NO_NAMESPACES") != NULL;
	pthread_mutex_init(&spawner->life, NULL);
	pthread_mutex_init(&spawner->lock, NULL);
	pthread_cond_init(&spawner->restarted, NULL);
	spawner->temp_path = strdup(temp_path);
	keep_exit_statuses();
	spawner->notes_fd = spawner->holder_notes_fd = -1;
	int r = spawner->temp_path ? confinement_new(&spawner->confinement) : -ENOMEM;
	if (r == 0)
		r = shared_notes_map(&spawner->notes_fd, &spawner->notes);
	if (r == 0)
		r = shared_notes_map(&spawner->holder_notes_fd, &spawner->holder_notes);
	if (r == 0)
		r = launch(spawner, &spawner->pidfd, &spawner->socket);
	if (r < 0) {
		spawner_free(spawner);
		return r;
	}
	*out = spawner;
	return 0;
}

void spawner_free(struct spawner *spawner)
{
	if (!spawner)
		return;
	fd_close(&spawner->socket);
	if (spawner->pidfd >= 0)
		process_reap(&spawner->pidfd, END_TIMEOUT_MS);
	pthread_cond_destroy(&spawner->restarted);
	pthread_mutex_destroy(&spawner->lock);
	pthread_mutex_destroy(&spawner->life);
	confinement_free(spawner->confinement);
	shared_notes_unmap(spawner->notes);
	shared_notes_unmap(spawner->holder_notes);
	fd_close(&spawner->notes_fd);
	fd_close(&spawner->holder_notes_fd);
	free(spawner->temp_path);
	free(spawner);
}

void spawner_stop(struct spawner *spawner)
{
	pthread_mutex_lock(&spawner->life);
	struct pollfd entry = {spawner->pidfd, POLLIN, 0};
	spawner->stopping = true;
	/* The end of the file: a start that is under way still gets its answer. */
	if (spawner->socket >= 0)
		shutdown(spawner->socket, SHUT_WR);
	pthread_mutex_unlock(&spawner->life);
	if (entry.fd < 0)
		return;
	while (poll(&entry, 1, END_TIMEOUT_MS) < 0 && errno == EINTR)
		;
}

int spawner_get_pidfd(const struct spawner *spawner)
{
	return spawner->pidfd;
}

bool spawner_is_alive(struct spawner *spawner)
{
	/* With the lock, because the number could belong to another file by now. */
	pthread_mutex_lock(&spawner->life);
	struct pollfd entry = {.fd = spawner->pidfd, .events = POLLIN};
	bool alive = spawner->pidfd >= 0 && poll(&entry, 1, 0) == 0;
	pthread_mutex_unlock(&spawner->life);
	return alive;
}

bool spawner_has_namespaces(const struct spawner *spawner)
{
	return atomic_load(&spawner->namespaces);
}

const struct confinement *spawner_get_confinement(const struct spawner *spawner)
{
	return spawner->confinement;
}

int spawner_get_holder_notes(const struct spawner *spawner)
{
	return spawner->holder_notes_fd;
}

bool spawner_stopped_job(struct spawner *spawner, pid_t pid, char call[FILTER_NAME_MAX])
{
	uint32_t architecture;
	int number;
	if (!shared_notes_take(spawner->notes, pid, &architecture, &number) &&
		!shared_notes_take(spawner->holder_notes, pid, &architecture, &number))
		return false;
	filters_call_name(architecture, number, call);
	return true;
}

/* The old spawner was killed after it had started a job, and before we knew. */
static void end_unknown_job(struct spawner *spawner)
{
	pid_t pid = spawner->notes->leader;
	siginfo_t info;
	spawner->notes->leader = 0;
	if (pid > 1 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		process_end_by_number(pid);
}

static void set_process(struct spawner *spawner, int pidfd, int socket)
{
	pthread_mutex_lock(&spawner->life);
	spawner->pidfd = pidfd;
	spawner->socket = socket;
	pthread_mutex_unlock(&spawner->life);
}

int spawner_restart(struct spawner *spawner)
{
	int pidfd = spawner->pidfd;
	/* A worker that talks to it learns at once that it has ended. */
	pthread_mutex_lock(&spawner->lock);
	int socket = spawner->socket;
	set_process(spawner, -1, -1);
	/* The process ends before the socket is closed: at end of file a living spawner would kill
	 * the running jobs. */
	if (pidfd >= 0)
		process_reap(&pidfd, 0);
	fd_close(&socket);
	end_unknown_job(spawner);
	spawner->restarting = true;
	pthread_mutex_unlock(&spawner->lock);

	int r = launch(spawner, &pidfd, &socket);

	pthread_mutex_lock(&spawner->lock);
	if (r == 0)
		set_process(spawner, pidfd, socket);
	spawner->restarting = false;
	pthread_cond_broadcast(&spawner->restarted);
	pthread_mutex_unlock(&spawner->lock);
	return r;
}

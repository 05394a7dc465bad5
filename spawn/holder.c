/* SPDX-License-Identifier: MIT */
/*
 * A job is given to a standby that already exists, so a start is one message and its answer.
 * Whatever goes wrong before the answer is no error of the request: the standby is killed and
 * reaped, so that nothing of the job can have happened twice, and the caller starts it cold.
 *
 * Every standby is our child and must be reaped by us, also one that was announced when its holder
 * had already died; so the socket is read to its end before the holder is given up.
 */
#include "spawn/holder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/group.h"
#include "spawn/holder_process.h"
#include "spawn/process.h"
#include "spawn/protocol.h"

enum {
	STANDBY_WAIT_MS = 200,
	ANSWER_WAIT_MS = 2000,
	TRIES = 3,
	MESSAGES_MAX = 1024,
	STANDBY_MESSAGES = 3, /* one of which is a standby */
	END_GROUP_MS = 1000,
};

struct standby {
	pid_t pid;
	int pidfd; /* -1: there is none */
	int socket;
	bool namespaced;
};

struct holder {
	unsigned number;
	int epoll;
	const struct confinement *confinement;
	pid_t pid;
	int pidfd; /* -1: it has been reaped */
	enum holder_state state;
	bool retired;
	bool greeted; /* READY has come; it is ready with its first standby */
	char note[PROTOCOL_NOTE_MAX];

	pthread_mutex_t lock; /* for busy */
	pthread_cond_t idle;
	bool busy; /* somebody has what follows, see enter */
	int socket;
	struct standby standby;
	uint32_t sequence;
	struct protocol_packet packet;
};

static void watch(int epoll, int fd, uint32_t flags)
{
	struct epoll_event event = {.events = EPOLLIN | flags};
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* A duplicate of a descriptor elsewhere would keep it in the set. */
static void unwatch(int epoll, int fd)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int launch(struct holder *holder, const struct holder_options *options,
	const struct holder_program *program)
{
	struct process process;
	int r = holder_process_start(options, program, &process);
	if (r < 0)
		return r;
	holder->pid = process.pid;
	holder->pidfd = process.pidfd;
	holder->socket = process.socket;
	watch(holder->epoll, holder->pidfd, 0);
	watch(holder->epoll, holder->socket, EPOLLET);
	return 0;
}

int holder_new(const struct holder_options *options, const struct holder_program *program,
	unsigned number, struct holder **out)
{
	struct holder *holder = calloc(1, sizeof *holder);
	if (!holder)
		return -ENOMEM;
	*holder = (struct holder){.number = number,
		.epoll = options->epoll,
		.confinement = options->confinement,
		.pidfd = -1,
		.socket = -1,
		.standby = {.pidfd = -1, .socket = -1}};
	pthread_mutex_init(&holder->lock, NULL);
	pthread_cond_init(&holder->idle, NULL);
	int r = launch(holder, options, program);
	if (r < 0) {
		holder_free(holder);
		return r;
	}
	*out = holder;
	return 0;
}

static void end_standby(struct holder *holder)
{
	struct standby *standby = &holder->standby;
	if (standby->pidfd < 0)
		return;
	unwatch(holder->epoll, standby->pidfd);
	process_reap(&standby->pidfd, 0);
	fd_close(&standby->socket);
}

enum { NOT_AT_ALL = 0, HOWEVER_LONG = -1 };

/* Gets the conversation with the process for the caller alone. False: not within the time. */
static bool enter(struct holder *holder, int wait_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	int r = wait_ms == NOT_AT_ALL ? ETIMEDOUT : 0;
	pthread_mutex_lock(&holder->lock);
	while (holder->busy && r == 0)
		r = wait_ms == HOWEVER_LONG ? pthread_cond_wait(&holder->idle, &holder->lock)
					    : pthread_cond_clockwait(&holder->idle, &holder->lock,
						      CLOCK_MONOTONIC, &until);
	bool entered = !holder->busy;
	holder->busy = true;
	pthread_mutex_unlock(&holder->lock);
	return entered;
}

static void leave(struct holder *holder)
{
	pthread_mutex_lock(&holder->lock);
	holder->busy = false;
	pthread_cond_signal(&holder->idle);
	pthread_mutex_unlock(&holder->lock);
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd entry = {fd, POLLIN, 0};
	return poll(&entry, 1, timeout_ms) > 0;
}

static void take_standby(struct holder *holder)
{
	struct protocol_packet *packet = &holder->packet;
	struct protocol_standby standby;
	if (protocol_decode_standby(packet, &standby) < 0) {
		protocol_close(packet);
		group_signal_leader(holder->pidfd, SIGKILL);
		return;
	}
	end_standby(holder); /* one that has ended, or there would not be another */
	holder->standby = (struct standby){
		.pid = standby.pid,
		.pidfd = fd_list_take(&packet->fds, 0),
		.socket = fd_list_take(&packet->fds, 1),
		.namespaced = (standby.flags & PROTOCOL_NAMESPACED) != 0,
	};
	/* Now it can be told from one that nobody was told of, see end_process. */
	setpgid(standby.pid, standby.pid);
	if (holder->greeted && holder->state == HOLDER_STARTING)
		holder->state = HOLDER_READY;
	watch(holder->epoll, holder->standby.pidfd, EPOLLONESHOT);
}

static void take_ready(struct holder *holder)
{
	struct protocol_ready ready;
	if (protocol_decode_ready(&holder->packet, &ready) < 0)
		return;
	memcpy(holder->note, ready.note, sizeof holder->note);
	holder->greeted = !(ready.flags & PROTOCOL_REFUSED);
}

/* Entered. One message, if there is one within the time. */
static bool take_message(struct holder *holder, int timeout_ms)
{
	struct protocol_packet *packet = &holder->packet;
	if (holder->socket < 0 || !is_readable(holder->socket, timeout_ms))
		return false;
	int r = protocol_receive(holder->socket, packet);
	struct protocol_standby lost;
	if (r == -EMFILE && packet->size == sizeof lost) {
		/* No room for its descriptors here: it is our child and nobody else has reaped
		 * it. */
		memcpy(&lost, packet->data, sizeof lost);
		if (lost.header.type == PROTOCOL_STANDBY && lost.pid > 1)
			process_end_by_number(lost.pid);
		return true;
	}
	if (r != 1) {
		unwatch(holder->epoll, holder->socket);
		fd_close(&holder->socket);
		return false;
	}
	struct protocol_header header = {0};
	if (packet->size >= sizeof header)
		memcpy(&header, packet->data, sizeof header);
	if (header.type == PROTOCOL_READY)
		take_ready(holder);
	else if (header.type == PROTOCOL_STANDBY)
		take_standby(holder);
	protocol_close(packet);
	return true;
}

/* Entered. All that there are. More than its socket holds is more than a holder has to say. */
static void take_messages(struct holder *holder)
{
	int count = 0;
	while (count < MESSAGES_MAX && take_message(holder, 0))
		count++;
	if (count == MESSAGES_MAX)
		holder_kill(holder);
}

/* Entered, so nobody is giving a job to a standby. What is left in the holder's group are
 * standbys that nobody was told of. Not one of them may stay a zombie for ever; the number
 * cannot be anybody else's within a moment. A job that is not confined can join the group at any
 * time: so there is an end to waiting. */
static void end_process(struct holder *holder)
{
	const uint64_t until_ms = clock_now_ms() + END_GROUP_MS;
	kill(-holder->pid, SIGKILL);
	process_reap(&holder->pidfd, 0);
	while (clock_now_ms() < until_ms) {
		siginfo_t info = {0};
		int r = waitid(P_PGID, (id_t)holder->pid, &info, WEXITED | WNOHANG);
		if (r < 0 && errno != EINTR)
			return;
		if (r == 0 && info.si_pid == 0) {
			kill(-holder->pid, SIGKILL);
			poll(NULL, 0, 1);
		}
	}
}

enum holder_state holder_tend(struct holder *holder)
{
	bool ended = holder->pidfd >= 0 && is_readable(holder->pidfd, 0);
	/* Whoever is in there reads the messages. But at the end they must all be read here. */
	if (!enter(holder, ended ? HOWEVER_LONG : NOT_AT_ALL))
		return holder->state;
	take_messages(holder);
	/* A retired one may have announced another meanwhile. */
	if (holder->standby.pidfd >= 0 &&
		(ended || holder->retired || is_readable(holder->standby.pidfd, 0)))
		end_standby(holder);
	if (ended) {
		unwatch(holder->epoll, holder->pidfd);
		end_process(holder);
		fd_close(&holder->socket);
		holder->state = HOLDER_ENDED;
	}
	leave(holder);
	return holder->state;
}

void holder_retire(struct holder *holder)
{
	enter(holder, HOWEVER_LONG);
	struct protocol_header retire = protocol_header(PROTOCOL_RETIRE, sizeof retire, 0);
	if (holder->socket < 0 ||
		protocol_send(holder->socket, &retire, sizeof retire, NULL, 0) < 0)
		holder_kill(holder);
	holder->retired = true;
	take_messages(holder);
	end_standby(holder);
	leave(holder);
}

void holder_kill(struct holder *holder)
{
	if (holder->pidfd >= 0)
		group_signal_leader(holder->pidfd, SIGKILL);
}

void holder_free(struct holder *holder)
{
	if (!holder)
		return;
	holder_kill(holder);
	take_messages(holder);
	end_standby(holder);
	if (holder->pidfd >= 0)
		end_process(holder);
	fd_close(&holder->socket);
	pthread_mutex_destroy(&holder->lock);
	pthread_cond_destroy(&holder->idle);
	free(holder);
}

const char *holder_note(const struct holder *holder)
{
	if (holder->state == HOLDER_STARTING && holder->greeted)
		return "it cannot be copied";
	return holder->note;
}

pid_t holder_pid(const struct holder *holder)
{
	return holder->pid;
}

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
	if (!is_readable(standby->socket, ANSWER_WAIT_MS) ||
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
			if (!take_message(holder, STANDBY_WAIT_MS))
				break;
		if (standby->pidfd < 0)
			return HOLDER_E_AWAY;
		r = converse(holder, spec, ruleset);
		if (r != 0)
			end_standby(holder);
	}
	if (r != 0)
		return r;
	*job = (struct job){.pid = standby->pid,
		.pidfd = standby->pidfd,
		.namespaced = standby->namespaced,
		.holder = holder->number};
	unwatch(holder->epoll, standby->pidfd);
	standby->pidfd = -1;
	fd_close(&standby->socket);
	return 0;
}

int holder_start(struct holder *holder, const struct job_spec *spec, struct job *job)
{
	FD_CLEANUP int ruleset = -1;
	if (confinement_ruleset(holder->confinement, spec, &ruleset) < 0)
		return HOLDER_E_AWAY;
	if (!enter(holder, STANDBY_WAIT_MS))
		return HOLDER_E_AWAY;
	int r = start(holder, spec, ruleset, job);
	take_messages(holder);
	leave(holder);
	confinement_prepare(holder->confinement);
	return r;
}

/* SPDX-License-Identifier: MIT */
/*
 * The life of a holder. Every standby is a child of the daemon and must be reaped by it, also one
 * that was announced when its holder had already died. So the socket is read to its end before the
 * holder is given up.
 */
#include "spawn/holder_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/group.h"
#include "spawn/holder_process.h"
#include "spawn/process.h"

enum { END_GROUP_MS = 1000 };

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
	holder_watch(holder, holder->pidfd, 0);
	holder_watch(holder, holder->socket, EPOLLET);
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

/* Entered, so no job is given to a standby now. The processes left in the holder's group are
 * standbys that were never announced. All of them must be reaped. Their number is not given to
 * another process within this time. A job that is not confined can join the group at any time, so
 * the wait is bounded. */
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
	bool ended = holder->pidfd >= 0 && holder_is_readable(holder->pidfd, 0);
	/* A thread that has entered reads the messages. At the end they must all be read here. */
	if (!holder_enter(holder, ended ? HOLDER_HOWEVER_LONG : HOLDER_NOT_AT_ALL))
		return holder->state;
	holder_take_messages(holder);
	/* A retired one may have announced another meanwhile. */
	if (holder->standby.pidfd >= 0 &&
		(ended || holder->retired || holder_is_readable(holder->standby.pidfd, 0)))
		holder_end_standby(holder);
	if (ended) {
		holder_unwatch(holder->epoll, holder->pidfd);
		end_process(holder);
		fd_close(&holder->socket);
		holder->state = HOLDER_ENDED;
	}
	holder_leave(holder);
	return holder->state;
}

void holder_retire(struct holder *holder)
{
	holder_enter(holder, HOLDER_HOWEVER_LONG);
	struct protocol_header retire = protocol_header(PROTOCOL_RETIRE, sizeof retire, 0);
	if (holder->socket < 0 ||
		protocol_send(holder->socket, &retire, sizeof retire, NULL, 0) < 0)
		holder_kill(holder);
	holder->retired = true;
	holder_take_messages(holder);
	holder_end_standby(holder);
	holder_leave(holder);
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
	holder_take_messages(holder);
	holder_end_standby(holder);
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

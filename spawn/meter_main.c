/* SPDX-License-Identifier: MIT */
/*
 * The meter's processes. One of them counts, and what it walks through was made by hostile jobs.
 * The other one, its parent, only waits for its end, says so, and starts it again. The daemon
 * cannot do that: it is confined by then, and so would be what it starts.
 *
 * Both have the socket to the daemon and end when the daemon has closed its end. Which job is in
 * which cgroup stands in memory that they share, so a new counting process goes on with it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "spawn/cgroup.h"
#include "spawn/inherited.h"
#include "spawn/meter.h"
#include "spawn/meter_protocol.h"
#include "spawn/quiet.h"

/* The pause before another start: none for one that worked for long, then doubled. */
enum { PAUSE_FIRST_MS = 100, PAUSE_MAX_MS = 10000, WELL_MS = 60000 };

/* Answers questions until the daemon has closed the socket. */
static void serve(struct cgroups *cgroups)
{
	for (;;) {
		static struct meter_question question;
		ssize_t n = recv(METER_SOCKET_FD, &question, sizeof question, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof question)
			return;
		struct meter_answer answer = {.sequence = question.sequence};
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

/* Waits for a child. True when it came to its end because the daemon is gone. */
static bool has_served(pid_t pid)
{
	int status;
	pid_t r;
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (r == pid && WIFSIGNALED(status))
		log_error("meter: the counting process was killed by signal %d, another is started",
			WTERMSIG(status));
	else
		log_error("meter: the counting process has ended, another is started");
	return false;
}

/* False: the daemon is gone. */
static bool pause_for(unsigned ms)
{
	const uint64_t until_ms = clock_now_ms() + ms;
	struct pollfd entry = {METER_SOCKET_FD, POLLRDHUP, 0};
	int n;
	do
		n = poll(&entry, 1, clock_poll_timeout(until_ms));
	while (n < 0 && errno == EINTR);
	return n == 0;
}

static void supervise(struct cgroups *cgroups)
{
	for (unsigned pause_ms = 0;;) {
		const uint64_t begin_ms = clock_now_ms();
		pid_t pid = fork();
		if (pid == 0) {
			serve(cgroups);
			_exit(0);
		}
		if (pid < 0)
			log_error("meter: no process that counts: %s", strerror(errno));
		else if (has_served(pid))
			return;
		const struct meter_answer lost = {.sequence = METER_LOST_SEQUENCE};
		send(METER_SOCKET_FD, &lost, sizeof lost, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (pid > 0 && clock_now_ms() - begin_ms >= WELL_MS)
			pause_ms = 0;
		if (!pause_for(pause_ms))
			return;
		pause_ms = pause_ms == 0		 ? PAUSE_FIRST_MS
			   : pause_ms < PAUSE_MAX_MS / 2 ? pause_ms * 2
							 : PAUSE_MAX_MS;
	}
}

void meter_main(int argc, char **argv)
{
	if (quiet_begin() < 0)
		_exit(1);
	prctl(PR_SET_NAME, "sluice-meter", 0, 0, 0);
	struct cgroups *cgroups = mmap(
		NULL, sizeof *cgroups, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cgroups == MAP_FAILED)
		_exit(1);
	cgroups_open(cgroups, argc > 2 ? argv[2] : NULL, getppid());
	supervise(cgroups);
	cgroups_close(cgroups);
	_exit(0);
}

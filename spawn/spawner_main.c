/* SPDX-License-Identifier: MIT */
/*
 * The spawner process. It starts with an empty memory (posix_spawn, not fork) and has one thread,
 * which takes a message, starts the program, and answers. It lives as long as the daemon, whose end
 * it sees by end of file or by the pidfd. Signals are blocked and not ignored, so that programs
 * find every disposition at its default.
 *
 * The numbers 0 … JOB_TARGET_MAX are all taken by /dev/null (2 stays stderr, for the log). So
 * each descriptor that it opens or receives lies above the numbers that programs see, and placing
 * files in a child can never overwrite one that is still needed.
 */
#include "spawn/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/tree.h"
#include "spawn/cold.h"
#include "spawn/filter.h"
#include "spawn/forbidden_call.h"
#include "spawn/guard.h"
#include "spawn/inherited.h"
#include "spawn/landlock.h"
#include "spawn/namespace.h"
#include "spawn/protocol.h"
#include "spawn/quiet.h"
#include "spawn/shared_notes.h"

enum { POLL_SOCKET, POLL_DAEMON, POLL_WATCH, POLL_FIXED };
enum { REMOVE_MS = 1000, REMOVE_LONG_MS = 600000, REMOVE_WAIT_MS = 1000 };

struct server {
	int socket;
	int daemon_pidfd;
	int null_fd;
	struct forbidden_call_watch watch;
	struct filters filters;
	struct sock_filter filter_room[FILTER_LENGTH_MAX]; /* see child_plan */
	struct shared_notes *notes;
	struct cold cold;
	struct guard guard;
	struct protocol_packet packet;
	struct protocol_job job;
};

_Noreturn static void fail(const char *what, int error)
{
	log_error("spawner: %s: %s", what, strerror(error));
	_exit(1);
}

static void begin(void)
{
	int r = quiet_begin();
	prctl(PR_SET_NAME, "sluice-spawner", 0, 0, 0);
	if (r < 0)
		fail("chdir", -r);
}

static int move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, JOB_TARGET_MAX + 1);
	if (high < 0)
		fail("descriptors", errno);
	return high;
}

static void occupy_low_numbers(struct server *server)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		fail("/dev/null", errno);
	server->null_fd = move_up(null_fd);
	server->socket = move_up(SPAWNER_SOCKET_FD);
	server->daemon_pidfd = move_up(SPAWNER_DAEMON_FD);
	for (int fd = 0; fd <= JOB_TARGET_MAX; fd++) {
		if (fd == STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
			continue;
		if (dup3(server->null_fd, fd, O_CLOEXEC) < 0)
			fail("descriptors", errno);
	}
}

static void say_ready(struct server *server)
{
	struct protocol_ready ready = {
		.header = protocol_header(PROTOCOL_READY, sizeof ready, 0),
		.flags = server->cold.namespaces ? PROTOCOL_NAMESPACED : 0,
	};
	int r = protocol_send(server->socket, &ready, sizeof ready, NULL, 0);
	if (r < 0)
		fail("socket", -r);
}

static int start(struct server *server, struct child_plan *plan, struct job *job)
{
	int r = guard_reserve(&server->guard);
	if (r < 0)
		return -r;
	for (size_t i = 0; i < plan->spec->file_count; i++)
		if (plan->spec->files[i].fd <= JOB_TARGET_MAX)
			return EBADF;
	if (plan->ruleset_fd >= 0 && plan->ruleset_fd <= JOB_TARGET_MAX)
		return EBADF;
	child_plan_limits(plan);
	return cold_start(&server->cold, plan, job);
}

/* The answer to a message of which the descriptors could not be taken. */
static bool refuse(struct server *server, int error)
{
	struct protocol_header header;
	memcpy(&header, server->packet.data, sizeof header);
	struct protocol_started started = {
		.header = protocol_header(PROTOCOL_STARTED, sizeof started, header.sequence),
		.error = error,
	};
	return protocol_send(server->socket, &started, sizeof started, NULL, 0) == 0;
}

/* Takes one message and answers it. False when the daemon is gone or breaks the protocol. */
static bool serve(struct server *server)
{
	int r = protocol_receive(server->socket, &server->packet);
	if (r == 0)
		return false;
	if (r == -EMFILE && server->packet.size >= sizeof(struct protocol_header))
		return refuse(server, EMFILE);
	if (r == 1)
		r = protocol_decode_start(&server->packet, &server->job);
	if (r < 0) {
		log_error("spawner: message: %s", strerror(-r));
		protocol_close(&server->packet);
		return false;
	}
	struct child_plan plan = {
		.spec = &server->job.spec,
		.null_fd = server->null_fd,
		.daemon_pidfd = server->daemon_pidfd,
		.ruleset_fd = server->job.ruleset_fd,
		.filter_room = server->cold.namespaces ? NULL : server->filter_room,
		.keys = {server->filters.keys[0], server->filters.keys[1]},
		.step = CHILD_STEP_FILTER,
	};
	struct job job = {.pidfd = -1};
	struct protocol_started started = {
		.header = protocol_header(PROTOCOL_STARTED, sizeof started, server->job.sequence),
	};
	r = filters_get(&server->filters, server->job.spec.confinement.level,
		server->cold.namespaces, &plan.filter);
	started.error = r < 0 ? -r : start(server, &plan, &job);
	protocol_close(&server->packet);
	started.step = plan.step;
	started.pid = job.pid;
	started.flags = job.namespaced ? PROTOCOL_NAMESPACED : 0;
	r = protocol_send(server->socket, &started, sizeof started, &job.pidfd, job.pidfd >= 0);
	if (job.pidfd >= 0 && started.error == 0)
		guard_take(&server->guard, &job);
	fd_close(&job.pidfd);
	return r == 0;
}

static void run(struct server *server)
{
	struct guard *guard = &server->guard;
	for (;;) {
		guard->poll[POLL_SOCKET] = (struct pollfd){server->socket, POLLIN, 0};
		guard->poll[POLL_DAEMON] = (struct pollfd){server->daemon_pidfd, POLLIN, 0};
		guard->poll[POLL_WATCH] = (struct pollfd){server->watch.fd, POLLIN, 0};
		int n = poll(guard->poll, guard->fixed + guard->count, guard_timeout_ms(guard));
		if (n < 0 && errno != EINTR)
			return;
		if (n < 0)
			continue;
		bool message = guard->poll[POLL_SOCKET].revents != 0;
		/* Only while there is an event: forbidden_call_take would block. */
		short watched = guard->poll[POLL_WATCH].revents;
		if (watched & POLLIN)
			forbidden_call_take(&server->watch);
		guard_sweep(guard);
		bool gone = guard->poll[POLL_DAEMON].revents != 0 || guard_is_orphaned(guard);
		if (gone || (message && !serve(server)))
			return;
	}
}

/* Before the numbers on which these descriptors are become /dev/null. */
static void take_tables(struct server *server)
{
	int shared_notes_fd = SPAWNER_NOTES_FD;
	int r = shared_notes_map(&shared_notes_fd, &server->notes);
	if (r == 0 && fcntl(SPAWNER_FILTERS_FD, F_GETFD) >= 0)
		r = filters_map(SPAWNER_FILTERS_FD, &server->filters);
	if (r < 0)
		fail("tables", -r);
}

static int remove_for(const char *path, uint64_t ms)
{
	const struct tree_limit limit = {.until_ms = clock_now_ms() + ms};
	return tree_remove(AT_FDCWD, path, &limit);
}

/* A daemon that stops regularly waits for this process. A removal that takes longer goes on in
 * another process. */
static void remove_temp(const char *path)
{
	int r = *path ? remove_for(path, REMOVE_MS) : 0;
	pid_t pid = r == -EAGAIN ? fork() : -1;
	if (pid > 0)
		return;
	/* A reader of the daemon's stderr shall not have to wait for this process. */
	if (pid == 0)
		dup3(STDIN_FILENO, STDERR_FILENO, O_CLOEXEC);
	uint64_t until_ms = clock_now_ms() + REMOVE_LONG_MS;
	for (unsigned wait_ms = 1; r < 0 && r != -ENOENT && clock_now_ms() < until_ms;
		wait_ms *= 2) {
		poll(NULL, 0, (int)(wait_ms < REMOVE_WAIT_MS ? wait_ms : REMOVE_WAIT_MS));
		r = remove_for(path, REMOVE_LONG_MS);
	}
	if (r < 0 && r != -ENOENT)
		log_warning("spawner: cannot remove %s: %s", path, strerror(-r));
}

/* Without it such calls end a job all the same, by another filter. */
static void begin_watch(struct server *server)
{
	bool signals = !server->cold.namespaces && landlock_abi() < LANDLOCK_ABI_SCOPE;
	/* The kernel prefers an error of another filter to a notification, and an end of the
	 * process to both. */
	server->filters.ending = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_DISABLED;
	server->watch = (struct forbidden_call_watch){
		.fd = forbidden_call_listen(&server->filters, signals),
		.guard = &server->guard,
		.notes = server->notes,
		.namespaced = server->cold.namespaces,
		.some_off = true,
		.signal_target = forbidden_signal_target,
	};
	if (server->watch.fd == -EBUSY)
		log_warning(
			"forbidden system calls end a job, but are not named: the manager of this "
			"daemon listens to system calls already (seccomp)");
	else if (server->watch.fd < 0)
		log_notice("forbidden system calls end a job, but are not named: %s",
			strerror(-server->watch.fd));
}

void spawner_main(int argc, char **argv)
{
	static struct server server;
	struct stat info;
	if (argc != SPAWNER_ARGC || fstat(SPAWNER_SOCKET_FD, &info) < 0 ||
		!S_ISSOCK(info.st_mode)) {
		log_error("%s is for sluice itself", SPAWNER_ARGUMENT);
		_exit(2);
	}
	begin();
	take_tables(&server);
	occupy_low_numbers(&server);
	bool namespaces = !strcmp(argv[2], SPAWNER_NAMESPACES) && namespace_enter();
	int r = namespace_drop_privileges();
	if (r < 0)
		fail("privileges", -r);
	r = cold_init(&server.cold, namespaces, &server.notes->leader);
	if (r < 0)
		fail("stack", -r);
	begin_watch(&server);
	guard_init(&server.guard, POLL_FIXED);
	server.guard.kill_key = server.filters.keys[0];
	r = guard_reserve(&server.guard);
	if (r < 0)
		fail("memory", -r);
	say_ready(&server);
	run(&server);
	guard_kill_all(&server.guard);
	remove_temp(argv[3]);
	_exit(0);
}

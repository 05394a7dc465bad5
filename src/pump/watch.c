/* SPDX-License-Identifier: MIT */
/*
 * One epoll set for everything that can happen while programs run: a program ends, writes output
 * or complains on stderr; the client hangs up; a deadline passes.
 *
 * One thread owns the pump, the conversion and the connection, so there are no locks. The set is
 * the pump's own and is closed by pump_settle.
 */
#include "src/pump/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/convert/exit_class.h"

enum { TAG_CLIENT, TAG_OUT, TAG_ERR, TAG_PROGRAM };

enum {
	GRACE_MS = 500, /* between SIGTERM and SIGKILL at the deadline */
	FULL_LOOK_MS = 5,
	LOOK_MS = 500,
	LOOK_FIRST_MS = 50, /* where jobs have cgroups */
	LOOK_AGAIN_MS = 20,
};

void pump_init(struct pump *pump, struct conversion *conversion, struct fcgi_connection *connection,
	struct progress *progress, struct text *reason)
{
	*pump = (struct pump){
		.conversion = conversion,
		.connection = connection,
		.deadline_ms = CLOCK_NEVER,
		.progress = progress,
		.reason = reason,
		.file = -1,
		.abandoned = -1,
		.given = -1,
		.left_file = -1,
		.epoll = -1,
		.kill_ms = CLOCK_NEVER,
		.look_ms = CLOCK_NEVER,
	};
}

void pump_clear(struct pump *pump)
{
	fd_close(&pump->epoll);
	fd_close(&pump->file);
	fd_close(&pump->given);
	fd_close(&pump->left_file);
	free(pump->held);
	pump->held = NULL;
}

void pump_settle(struct pump *pump)
{
	fd_close(&pump->epoll);
	fd_close(&pump->given);
	/* With a file, the pipe is empty. */
	if (pump->file >= 0)
		fd_close(&pump->conversion->out);
}

static int add(struct pump *pump, int fd, uint32_t tag, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u32 = tag};
	return epoll_ctl(pump->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void pump_unwatch(struct pump *pump, int fd)
{
	epoll_ctl(pump->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void pump_watch_output(struct pump *pump, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u32 = TAG_OUT};
	epoll_ctl(pump->epoll, EPOLL_CTL_MOD, pump->conversion->out, &event);
}

static int watch_all(struct pump *pump, uint32_t out_events)
{
	struct conversion *conversion = pump->conversion;
	pump->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pump->epoll < 0)
		return -errno;
	int client = pump->connection ? fcgi_connection_get_fd(pump->connection) : pump->abandoned;
	int r = add(pump, client, TAG_CLIENT, EPOLLIN | EPOLLRDHUP);
	if (r == 0)
		r = add(pump, conversion->err, TAG_ERR, EPOLLIN);
	if (r == 0 && conversion->out >= 0)
		r = add(pump, conversion->out, TAG_OUT, out_events);
	for (size_t i = 0; i < conversion->count && r == 0; i++)
		r = add(pump, conversion->programs[i].job.pidfd, TAG_PROGRAM + (uint32_t)i,
			EPOLLIN);
	return r;
}

enum outcome pump_watch(struct pump *pump, uint32_t out_events)
{
	bool soon = meter_has_cgroups(pump->conversion->starter->meter);
	pump->look_ms = clock_now_ms() + (soon ? LOOK_FIRST_MS : LOOK_MS);
	int r = watch_all(pump, out_events);
	if (r == 0)
		return OUTCOME_OK;
	text_printf(pump->reason, "epoll: %s", strerror(-r));
	return outcome_from_error(r);
}

void pump_end(struct pump *pump, enum outcome why, int signal, const char *reason)
{
	if (pump->ended == OUTCOME_OK) {
		pump->ended = why;
		text_puts(pump->reason, reason);
	}
	conversion_signal(pump->conversion, signal);
}

void pump_fail(struct pump *pump, enum outcome why, const char *what, int error)
{
	pump_end(pump, why, SIGKILL, what);
	text_puts(pump->reason, strerror(error));
}

void pump_taken_back(struct pump *pump)
{
	pump_end(pump, OUTCOME_CRASHED, SIGKILL, "the converter took back what it had written");
}

static void client_event(struct pump *pump)
{
	if (!pump->connection) {
		pump_unwatch(pump, pump->abandoned);
		pump_end(pump, OUTCOME_CLIENT_GONE, SIGKILL, "no client is left");
		return;
	}
	int r = fcgi_connection_read(pump->connection);
	if (r == 0 || r == -EAGAIN)
		return;
	pump->aborted = r == -ECANCELED;
	pump_unwatch(pump, fcgi_connection_get_fd(pump->connection));
	atomic_store(&pump->progress->gone, true);
	pump_end(pump, OUTCOME_CLIENT_GONE, SIGKILL,
		pump->aborted ? "request aborted" : "client hung up");
}

static void program_event(struct pump *pump, size_t index)
{
	struct conversion *conversion = pump->conversion;
	struct conversion_program *program = &conversion->programs[index];
	pump_unwatch(pump, program->job.pidfd);
	conversion_program_ended(conversion, index);
	/* Without one of its programs a pipeline cannot give a result. */
	if (exit_class_is_failure(conversion, index) && conversion->running > 0)
		conversion_kill_rest(conversion);
}

static void check_deadline(struct pump *pump, uint64_t now)
{
	if (now >= pump->kill_ms) {
		conversion_signal(pump->conversion, SIGKILL);
		pump->kill_ms = CLOCK_NEVER;
	} else if (now >= pump->deadline_ms) {
		pump->deadline_ms = CLOCK_NEVER;
		pump->kill_ms = now + GRACE_MS;
		pump_end(pump, OUTCOME_DEADLINE, SIGTERM, "deadline");
	}
}

/* A short job ends before its first look. The kernel's limits on the size and the number of its
 * files bound what it can write. */
static void check_limits(struct pump *pump, uint64_t now)
{
	if (now < pump->look_ms)
		return;
	bool missed = false;
	const char *limit = pump->ended == OUTCOME_OK
				    ? conversion_look(pump->conversion, pump->progress, &missed)
				    : NULL;
	pump->look_ms = now + (missed ? LOOK_AGAIN_MS : LOOK_MS);
	if (limit) {
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "limit: ");
		text_puts(pump->reason, limit);
	}
}

static uint64_t next_wakeup(const struct pump *pump)
{
	uint64_t until = pump->deadline_ms < pump->kill_ms ? pump->deadline_ms : pump->kill_ms;
	bool soon = pump->filling || pump->paused;
	uint64_t look = soon ? clock_now_ms() + FULL_LOOK_MS : CLOCK_NEVER;
	if (pump->conversion->running > 0 && pump->look_ms < until)
		until = pump->look_ms;
	return look < until ? look : until;
}

bool pump_step(struct pump *pump)
{
	struct epoll_event events[TAG_PROGRAM + TEMPLATE_PROGRAMS_MAX];
	int n = epoll_wait(pump->epoll, events, TAG_PROGRAM + TEMPLATE_PROGRAMS_MAX,
		clock_poll_timeout(next_wakeup(pump)));
	bool out = false;
	for (int i = 0; i < n; i++) {
		uint32_t tag = events[i].data.u32;
		if (tag == TAG_CLIENT)
			client_event(pump);
		else if (tag == TAG_OUT) {
			out = true;
			pump->out_closed = events[i].events & EPOLLHUP;
		} else if (tag >= TAG_PROGRAM)
			program_event(pump, tag - TAG_PROGRAM);
		else if (!stderr_tail_read(&pump->conversion->stderr_tail, pump->conversion->err))
			pump_unwatch(pump, pump->conversion->err);
	}
	if (out && pump->first_us == 0)
		pump->first_us = clock_now_us();
	uint64_t now = clock_now_ms();
	check_deadline(pump, now);
	check_limits(pump, now);
	return out;
}

uint64_t pump_bytes_in(int pipe)
{
	int n = 0;
	return ioctl(pipe, FIONREAD, &n) < 0 || n < 0 ? 0 : (uint64_t)n;
}

enum outcome pump_classify(struct pump *pump, int *status)
{
	if (pump->ended != OUTCOME_OK)
		return pump->ended;
	enum outcome outcome = exit_class_of(pump->conversion, status, pump->reason);
	if (outcome == OUTCOME_OK && pump->bytes == 0) {
		text_puts(pump->reason, "exit 0 without output");
		return OUTCOME_REFUSED;
	}
	return outcome;
}

/* SPDX-License-Identifier: MIT */
/* One wait for everything that can happen to a request: its programs end, write, or complain; the
 * client goes; time is over.
 *
 * whole: nobody reads the pipe while it has room, it is the buffer. The event is edge-triggered:
 * the kernel tells of every write, and we only ask then whether the pipe is full. If it is, its
 * content is spliced into a file from then on. */
#include "src/pump/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/pump/spill.h"

enum {
	GRACE_MS = 500, /* between SIGTERM and SIGKILL at the deadline */
	FULL_LOOK_MS = 5,
	LOOK_MS = 500,
	LOOK_FIRST_MS = 50, /* where there are cgroups */
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
	/* All that was in it went to the file. */
	if (pump->file >= 0)
		fd_close(&pump->conversion->out);
}

static int watch(struct pump *pump, int fd, uint32_t tag, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u32 = tag};
	return epoll_ctl(pump->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void pump_unwatch(struct pump *pump, int fd)
{
	epoll_ctl(pump->epoll, EPOLL_CTL_DEL, fd, NULL);
}

int pump_watch_all(struct pump *pump, uint32_t out_events)
{
	struct conversion *conversion = pump->conversion;
	bool soon = meter_has_cgroups(conversion->starter->meter);
	pump->look_ms = clock_now_ms() + (soon ? LOOK_FIRST_MS : LOOK_MS);
	pump->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pump->epoll < 0)
		return -errno;
	int client = pump->connection ? fcgi_connection_get_fd(pump->connection) : pump->abandoned;
	int r = watch(pump, client, TAG_CLIENT, EPOLLIN | EPOLLRDHUP);
	if (r == 0)
		r = watch(pump, conversion->err, TAG_ERR, EPOLLIN);
	if (r == 0 && conversion->out >= 0)
		r = watch(pump, conversion->out, TAG_OUT, out_events);
	for (size_t i = 0; i < conversion->count && r == 0; i++)
		r = watch(pump, conversion->programs[i].job.pidfd, TAG_PROGRAM + (uint32_t)i,
			EPOLLIN);
	return r;
}

/* The first reason to end the programs is the one that counts. */
void pump_end(struct pump *pump, enum outcome why, int signal, const char *reason)
{
	if (pump->ended == OUTCOME_OK) {
		pump->ended = why;
		text_puts(pump->reason, reason);
	}
	conversion_signal(pump->conversion, signal);
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
	/* When one of a pipeline has failed, the work of the others is for nobody. */
	if (conversion_program_failed(conversion, index) && conversion->running > 0)
		conversion_kill_rest(conversion);
}

static void check_time(struct pump *pump)
{
	uint64_t now = clock_now_ms();
	if (now >= pump->kill_ms) {
		conversion_signal(pump->conversion, SIGKILL);
		pump->kill_ms = CLOCK_NEVER;
	} else if (now >= pump->deadline_ms) {
		pump->deadline_ms = CLOCK_NEVER;
		pump->kill_ms = now + GRACE_MS;
		pump_end(pump, OUTCOME_DEADLINE, SIGTERM, "deadline");
	}
	if (now < pump->look_ms)
		return;
	/* Short jobs never come here: what they can write is bounded by the size and number of
	 * files. */
	bool missed = false;
	const char *limit =
		pump->ended == OUTCOME_OK ? conversion_look(pump->conversion, &missed) : NULL;
	pump->look_ms = now + (missed ? LOOK_AGAIN_MS : LOOK_MS);
	if (limit) {
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "limit: ");
		text_puts(pump->reason, limit);
	}
}

static uint64_t next_look(const struct pump *pump)
{
	uint64_t until = pump->deadline_ms < pump->kill_ms ? pump->deadline_ms : pump->kill_ms;
	bool soon = pump->filling || pump->paused;
	uint64_t look = soon ? clock_now_ms() + FULL_LOOK_MS : CLOCK_NEVER;
	if (pump->conversion->running > 0 && pump->look_ms < until)
		until = pump->look_ms;
	return look < until ? look : until;
}

/* Waits for events and handles all but the output's: true when there is some, or its end. */
bool pump_step(struct pump *pump)
{
	struct epoll_event events[TAG_PROGRAM + TEMPLATE_PROGRAMS_MAX];
	int n = epoll_wait(pump->epoll, events, TAG_PROGRAM + TEMPLATE_PROGRAMS_MAX,
		clock_poll_timeout(next_look(pump)));
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
		else if (!stderr_tail_read(&pump->conversion->words, pump->conversion->err))
			pump_unwatch(pump, pump->conversion->err);
	}
	if (out && pump->first_us == 0)
		pump->first_us = clock_now_us();
	check_time(pump);
	return out;
}

uint64_t pump_bytes_in(int pipe)
{
	int n = 0;
	return ioctl(pipe, FIONREAD, &n) < 0 || n < 0 ? 0 : (uint64_t)n;
}

static bool is_full(int pipe_writer)
{
	struct pollfd poll_fd = {.fd = pipe_writer, .events = POLLOUT};
	return poll(&poll_fd, 1, 0) == 0;
}

/* Moves what is in the pipe to the file. */
void pump_spill(struct pump *pump)
{
	uint64_t limit = pump->conversion->plan->recipe->max_output_bytes;
	int pipe = pump->conversion->out;
	int r = spill_pipe(pipe, pump->file, pump_bytes_in(pipe));
	if (r == -ENODATA) {
		pump_taken_back(pump);
		return;
	}
	if (r < 0 && pump->in_given) {
		r = pump_leave_given(pump, -r);
		if (r == 0)
			r = spill_pipe(pipe, pump->file, pump_bytes_in(pipe));
	}
	if (r < 0) {
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "temporary file: ");
		text_puts(pump->reason, strerror(-r));
		return;
	}
	struct stat st;
	pump->bytes = fstat(pump->file, &st) < 0 ? 0 : (uint64_t)st.st_size;
	progress_set_bytes(pump->progress, pump->bytes);
	if (limit && pump->bytes > limit)
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "limit: max_output");
}

/* False: it has been ended for want of one. */
bool pump_open_file(struct pump *pump)
{
	pump->in_given = pump->given >= 0;
	pump->file = pump->in_given  ? fd_take(&pump->given)
		     : pump->landing ? spill_open_memory()
				     : spill_open(pump->conversion->starter->temp_fd);
	if (pump->file >= 0)
		return true;
	int error = -pump->file;
	pump->file = -1;
	pump_end(pump, outcome_from_error(-error), SIGKILL, "temporary file: ");
	text_puts(pump->reason, strerror(error));
	return false;
}

static void begin_spilling(struct pump *pump)
{
	if (!pump_open_file(pump))
		return;
	/* From now on every byte that waits is ours to move. */
	pump->filling = false;
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = TAG_OUT};
	epoll_ctl(pump->epoll, EPOLL_CTL_MOD, pump->conversion->out, &event);
	pump_spill(pump);
}

/* A shortage of ours is no fault of the program, like a file that it did not make. */
static void open_output(struct pump *pump)
{
	struct stat st;
	pump->file = conversion_open_output(pump->conversion);
	if (pump->file >= 0 && fstat(pump->file, &st) == 0) {
		pump->bytes = (uint64_t)st.st_size;
		return;
	}
	int r = pump->file;
	pump->file = -1;
	if (outcome_from_error(r) != OUTCOME_OVERLOADED)
		return;
	pump_end(pump, OUTCOME_OVERLOADED, SIGKILL, "output: ");
	text_puts(pump->reason, strerror(-r));
}

/* The programs have ended well: finds out how much they made, and where it is. */
static enum outcome take_output(struct pump *pump)
{
	struct conversion *conversion = pump->conversion;
	uint64_t limit = conversion->plan->recipe->max_output_bytes;
	if (conversion->out < 0) {
		open_output(pump);
	} else if (pump->file >= 0) {
		pump_spill(pump);
	} else {
		pump->bytes = pump_bytes_in(conversion->out);
	}
	if (pump->ended == OUTCOME_OK && limit && pump->bytes > limit)
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "limit: max_output");
	if (pump->ended == OUTCOME_OK && pump->bytes == 0)
		pump_end(pump, OUTCOME_REFUSED, SIGKILL, "exit 0 without output");
	return pump->ended;
}

/* A program that may write no further fails like any other: only its file tells. */
static bool output_is_full(const struct conversion *conversion)
{
	uint64_t limit = conversion->plan->recipe->max_output_bytes;
	if (conversion->out >= 0 || !limit)
		return false;
	struct stat st;
	FD_CLEANUP int file = conversion_open_output(conversion);
	return file >= 0 && fstat(file, &st) == 0 && (uint64_t)st.st_size >= limit;
}

enum outcome pump_classify(struct pump *pump, int *status)
{
	if (pump->ended != OUTCOME_OK)
		return pump->ended;
	enum outcome outcome = conversion_classify(pump->conversion, status, pump->reason);
	if (outcome == OUTCOME_OK && pump->bytes == 0) {
		text_puts(pump->reason, "exit 0 without output");
		return OUTCOME_REFUSED;
	}
	return outcome;
}

enum outcome pump_collect(struct pump *pump, int *status)
{
	struct conversion *conversion = pump->conversion;
	int r = pump_watch_all(pump, EPOLLIN | EPOLLONESHOT);
	if (r < 0) {
		text_printf(pump->reason, "epoll: %s", strerror(-r));
		return outcome_from_error(r);
	}
	while (conversion->running > 0) {
		bool ready = pump_step(pump);
		if (pump->ended != OUTCOME_OK)
			continue;
		if (pump->file >= 0 && ready)
			pump_spill(pump);
		else if (ready)
			pump->filling = true;
		if (pump->filling && is_full(conversion->out_writer))
			begin_spilling(pump);
	}
	conversion_end(conversion);
	if (pump->ended != OUTCOME_OK)
		return pump->ended;
	enum outcome outcome = conversion_classify(conversion, status, pump->reason);
	if (outcome == OUTCOME_OK)
		return take_output(pump);
	if ((outcome == OUTCOME_REFUSED || outcome == OUTCOME_CRASHED) &&
		output_is_full(conversion)) {
		text_puts(pump->reason, ", limit: max_output");
		outcome = OUTCOME_LIMIT;
	}
	return outcome;
}

/* What stands in the pipe before the range is at most what a pipe holds. */
static int skip(int pipe, uint64_t size)
{
	char buffer[16384];
	while (size > 0) {
		ssize_t n = read(pipe, buffer, size < sizeof buffer ? (size_t)size : sizeof buffer);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN ? -ENODATA : -errno;
		size -= (uint64_t)n;
	}
	return 0;
}

int pump_send(struct pump *pump, uint64_t first, uint64_t length)
{
	if (pump->file >= 0)
		return fcgi_connection_sendfile(pump->connection, pump->file, (off_t)first, length);
	int r = skip(pump->conversion->out, first);
	if (r < 0)
		return r;
	return fcgi_connection_splice(pump->connection, pump->conversion->out, length);
}

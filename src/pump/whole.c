/* SPDX-License-Identifier: MIT */
/* A whole result: the pipe is the buffer, and the pump reads nothing while the pipe has room. The
 * first write makes the pump look every few milliseconds whether the pipe is full. When it is, all
 * output goes to a file from then on. */
#include "src/pump/internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/convert/exit_class.h"

static bool is_full(int pipe_writer)
{
	struct pollfd poll_fd = {.fd = pipe_writer, .events = POLLOUT};
	return poll(&poll_fd, 1, 0) == 0;
}

static void begin_spilling(struct pump *pump)
{
	if (!pump_open_file(pump))
		return;
	pump->filling = false;
	pump_watch_output(pump, EPOLLIN);
	pump_spill(pump);
}

/* Opens the file that {output} names. A shortage of descriptors or memory is not the program's
 * fault; a missing file is. */
static void open_output(struct pump *pump)
{
	struct stat st;
	FD_CLEANUP int file = conversion_open_output(pump->conversion);
	if (file >= 0 && fstat(file, &st) == 0) {
		pump->file = fd_take(&file);
		pump->bytes = (uint64_t)st.st_size;
		return;
	}
	if (file < 0 && outcome_from_error(file) == OUTCOME_OVERLOADED)
		pump_fail(pump, OUTCOME_OVERLOADED, "output: ", -file);
}

/* The programs have succeeded: finds out how much output there is, and where. */
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

/* A program that may write no more to {output} fails like any other. Only the size of the file
 * shows that the limit was the cause. */
static bool output_is_full(const struct conversion *conversion)
{
	uint64_t limit = conversion->plan->recipe->max_output_bytes;
	if (conversion->out >= 0 || !limit)
		return false;
	struct stat st;
	FD_CLEANUP int file = conversion_open_output(conversion);
	return file >= 0 && fstat(file, &st) == 0 && (uint64_t)st.st_size >= limit;
}

enum outcome pump_collect(struct pump *pump, int *status)
{
	struct conversion *conversion = pump->conversion;
	enum outcome outcome = pump_watch(pump, EPOLLIN | EPOLLONESHOT);
	if (outcome != OUTCOME_OK)
		return outcome;
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
	outcome = exit_class_of(conversion, status, pump->reason);
	if (outcome == OUTCOME_OK)
		return take_output(pump);
	if ((outcome == OUTCOME_REFUSED || outcome == OUTCOME_CRASHED) &&
		output_is_full(conversion)) {
		text_puts(pump->reason, ", limit: max_output");
		outcome = OUTCOME_LIMIT;
	}
	return outcome;
}

/* Reads what the pipe holds before the range. A pipe bounds how much that is. */
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

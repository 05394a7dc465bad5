/* SPDX-License-Identifier: MIT */
/* The answer's way out. A record's header goes with MSG_MORE, its payload with splice(2) or
 * sendfile(2); once a header has promised bytes they must follow, so what is promised is in our
 * hands already: in a buffer, in a pipe of our own (record_pipe.h), or in the file. A file can
 * become shorter in the middle of a record; then nothing else may follow, and the connection can
 * only be closed. Where the kernel cannot splice to this socket (EINVAL), the same bytes go through
 * a buffer.
 *
 * Every wait ends with a clock: whether the socket takes bytes is the peer's to say, and whether
 * there is input, too. */
#include "fcgi/connection_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum {
	COPY_BUFFER = 65536,
	RECORD_PIPE_FROM = 2 * FCGI_RECORD_MAX, /* less is one record or two: they go straight */
	BREAK_WAIT_MS = 2000,			/* for the record before a broken one */
};

/* Waits until the socket takes bytes, and sees meanwhile whether the peer still wants them. */
static int wait_writable(struct fcgi_connection *connection)
{
	if (connection->moved)
		connection->stalled_ms = clock_now_ms() + connection->send_timeout_ms;
	connection->moved = false;
	for (;;) {
		uint64_t until = connection->stalled_ms;
		if (connection->deadline_ms < until)
			until = connection->deadline_ms;
		/* At every turn: input that never ends would keep poll from ever saying that time
		 * is over. */
		if (clock_now_ms() >= until)
			return until == connection->deadline_ms ? -ETIME : -ETIMEDOUT;
		/* With a reply pending, input is not read; but its end is still noticed. */
		bool listen = connection->input.answering && connection->input.reply_length == 0;
		struct pollfd poll_fd = {
			.fd = connection->fd,
			.events = (short)(POLLOUT | (listen ? POLLIN : 0) | POLLRDHUP),
		};
		int n = poll(&poll_fd, 1, clock_poll_timeout(until));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		if (poll_fd.revents & POLLIN) {
			int r = fcgi_connection_read_input(connection, false);
			if (r < 0 && r != -EAGAIN)
				return r;
		} else if (poll_fd.revents & (POLLERR | POLLHUP | POLLRDHUP)) {
			return -ECONNRESET;
		}
		if (poll_fd.revents & POLLOUT)
			return 0;
	}
}

/* Turns the errno of a failed send into 0 (try again) or an error of this module. */
static int send_failed(struct fcgi_connection *connection, int error)
{
	if (error == EINTR)
		return 0;
	if (error == EAGAIN)
		return wait_writable(connection);
	if (error == EPIPE || error == ECONNRESET)
		return -ECONNRESET;
	return -error;
}

/* Whole records, or the rest of one. What is left out of it tears the stream. */
static int send_all(struct fcgi_connection *connection, const void *data, size_t size, int flags)
{
	const char *at = data;
	while (size > 0) {
		ssize_t n = send(connection->fd, at, size, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			int r = send_failed(connection, errno);
			if (r < 0) {
				connection->torn = connection->torn || at != data;
				return r;
			}
			continue;
		}
		connection->moved = true;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A slow reader gets its reply in its time, too: nothing else is read from it meanwhile. */
static int send_reply(struct fcgi_connection *connection)
{
	struct fcgi_input *input = &connection->input;
	int r = send_all(connection, input->reply, input->reply_length, 0);
	if (r == 0)
		input->reply_length = 0;
	return r;
}

static void encode_stdout(const struct fcgi_connection *connection, size_t size, uint8_t *out)
{
	struct fcgi_header header = {
		.version = FCGI_VERSION_1,
		.type = FCGI_STDOUT,
		.id = connection->input.id,
		.content_length = (uint16_t)size,
	};
	fcgi_header_encode(&header, out);
}

/* Announces a record of `size` bytes. Here, between two records, is where replies may go out. */
static int send_header(struct fcgi_connection *connection, size_t size)
{
	uint8_t header[FCGI_HEADER_LEN];
	encode_stdout(connection, size, header);
	int r = send_reply(connection);
	return r < 0 ? r : send_all(connection, header, sizeof header, MSG_MORE);
}

int fcgi_connection_write(struct fcgi_connection *connection, const void *data, size_t size)
{
	const char *at = data;
	while (size > 0) {
		size_t n = size < FCGI_RECORD_MAX ? size : FCGI_RECORD_MAX;
		int r = send_header(connection, n);
		if (r < 0)
			return r;
		r = send_all(connection, at, n, 0);
		if (r < 0) {
			connection->torn = true;
			return r;
		}
		connection->stats.copied += n;
		at += n;
		size -= n;
	}
	return 0;
}

void *fcgi_connection_last(struct fcgi_connection *connection, size_t size)
{
	if (size == 0 || size > FCGI_RECORD_MAX || connection->last)
		return NULL;
	connection->last = malloc(FCGI_HEADER_LEN + size + CONNECTION_END_BYTES);
	return connection->last ? connection->last + FCGI_HEADER_LEN : NULL;
}

void fcgi_connection_last_done(struct fcgi_connection *connection, size_t size)
{
	if (size == 0) {
		free(connection->last);
		connection->last = NULL;
		return;
	}
	encode_stdout(connection, size, connection->last);
	connection->last_length = FCGI_HEADER_LEN + size;
	connection->stats.copied += size;
}

int fcgi_connection_write_last(struct fcgi_connection *connection, const void *data, size_t size)
{
	void *last = fcgi_connection_last(connection, size);
	if (!last)
		return fcgi_connection_write(connection, data, size);
	memcpy(last, data, size);
	fcgi_connection_last_done(connection, size);
	return 0;
}

/* The way without splice: reads up to size bytes that are promised (offset NULL: from a pipe of
 * ours) and sends them. Returns how many. */
static ssize_t copy_some(struct fcgi_connection *connection, int fd, off_t *offset, size_t size)
{
	/* On the stack: a thread-local one costs every thread its memory. */
	char buffer[COPY_BUFFER];
	size_t wanted = size < sizeof buffer ? size : sizeof buffer;
	ssize_t n = offset ? pread(fd, buffer, wanted, *offset) : read(fd, buffer, wanted);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EIO;
	int r = send_all(connection, buffer, (size_t)n, 0);
	if (r < 0) {
		connection->torn = true;
		return r;
	}
	if (offset)
		*offset += n;
	connection->stats.copied += (uint64_t)n;
	return n;
}

static ssize_t splice_some(struct fcgi_connection *connection, int fd, off_t *offset, size_t size)
{
	ssize_t n = offset ? sendfile(connection->fd, fd, offset, size)
			   : splice(fd, NULL, connection->fd, NULL, size,
				     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0) {
		connection->moved = true;
		connection->stats.spliced += (uint64_t)n;
		return n;
	}
	if (n == 0)
		return -EIO;
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
		connection->splice = false;
		return 0;
	}
	return send_failed(connection, errno);
}

static ssize_t move_some(struct fcgi_connection *connection, int fd, off_t *offset, size_t size)
{
	return connection->splice ? splice_some(connection, fd, offset, size)
				  : copy_some(connection, fd, offset, size);
}

/* Sends all that stands in the record_pipe; its headers are counted with the content, which is
 * corrected by the caller. */
static int send_record_pipe(struct fcgi_connection *connection)
{
	struct record_pipe *record_pipe = &connection->record_pipe;
	while (record_pipe->bytes > 0) {
		ssize_t n = move_some(connection, record_pipe->pipe, NULL, record_pipe->bytes);
		if (n < 0)
			return (int)n;
		record_pipe->bytes -= (uint64_t)n;
	}
	return 0;
}

/* Sends what a header has promised and the hold still has; what is in the record_pipe goes before
 * it. */
static int send_promised(struct fcgi_connection *connection)
{
	struct record_pipe *record_pipe = &connection->record_pipe;
	while (record_pipe->promised > 0) {
		ssize_t n = move_some(connection, record_pipe->hold, NULL, record_pipe->promised);
		if (n < 0)
			return (int)n;
		record_pipe->promised -= (uint32_t)n;
	}
	return 0;
}

/* Short pieces: by way of the hold straight to the socket. */
static int splice_held(struct fcgi_connection *connection, int pipe, uint64_t size)
{
	struct record_pipe *record_pipe = &connection->record_pipe;
	uint64_t left = size;
	while (left > 0 || record_pipe->held > 0) {
		int r = record_pipe->held > 0 ? 1 : stage_hold(record_pipe, pipe, &left);
		if (r < 0)
			return r;
		if (record_pipe->held == 0)
			continue;
		r = send_header(connection, record_pipe->held);
		if (r < 0)
			return r;
		record_pipe->promised = record_pipe->held;
		record_pipe->held = 0;
		r = send_promised(connection);
		if (r < 0)
			return r;
	}
	return 0;
}

static int splice_through_record_pipe(struct fcgi_connection *connection, int pipe, uint64_t size)
{
	struct fcgi_connection_stats before = connection->stats;
	uint64_t left = size;
	while (left > 0 || !stage_is_empty(&connection->record_pipe)) {
		/* Between two records, and nowhere else, is where replies may go out. */
		int r = fcgi_connection_is_between(connection) ? send_reply(connection) : 0;
		if (r == 0)
			r = record_pipe_fill(
				&connection->record_pipe, pipe, connection->input.id, &left);
		if (r == 0 && connection->record_pipe.bytes == 0)
			r = -EIO; /* an empty record_pipe that takes nothing: it never will */
		if (r == 0)
			r = send_record_pipe(connection);
		if (r < 0)
			return r;
	}
	connection->stats = before;
	if (connection->splice)
		connection->stats.spliced += size;
	else
		connection->stats.copied += size;
	return 0;
}

/* Without splice, or without descriptors for the hold. */
static int copy_pipe(struct fcgi_connection *connection, int pipe, uint64_t size)
{
	char buffer[COPY_BUFFER];
	while (size > 0) {
		ssize_t n =
			read(pipe, buffer, size < FCGI_RECORD_MAX ? (size_t)size : FCGI_RECORD_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN ? -ENODATA : -errno;
		int r = fcgi_connection_write(connection, buffer, (size_t)n);
		if (r < 0)
			return r;
		size -= (uint64_t)n;
	}
	return 0;
}

int fcgi_connection_splice(struct fcgi_connection *connection, int pipe, uint64_t size)
{
	bool is_long = size >= RECORD_PIPE_FROM;
	if (!connection->splice || record_pipe_open(&connection->record_pipe, is_long) < 0)
		return copy_pipe(connection, pipe, size);
	return is_long ? splice_through_record_pipe(connection, pipe, size)
		       : splice_held(connection, pipe, size);
}

int fcgi_connection_sendfile(
	struct fcgi_connection *connection, int file, off_t offset, uint64_t size)
{
	while (size > 0) {
		size_t left = size < FCGI_RECORD_MAX ? (size_t)size : FCGI_RECORD_MAX;
		int r = send_header(connection, left);
		if (r < 0)
			return r;
		size -= left;
		while (left > 0) {
			ssize_t n = move_some(connection, file, &offset, left);
			if (n < 0) {
				connection->torn = true;
				return (int)n;
			}
			left -= (size_t)n;
		}
	}
	return 0;
}

/* Puts the end behind what is last. */
static void encode_end(struct fcgi_connection *connection)
{
	uint8_t *end = connection->end;
	if (connection->last)
		end = connection->last + connection->last_length;
	else
		connection->last_length = 0;
	encode_stdout(connection, 0, end);
	fcgi_end_request_encode(
		connection->input.id, 0, FCGI_REQUEST_COMPLETE, end + FCGI_HEADER_LEN);
	connection->last_length += CONNECTION_END_BYTES;
	connection->last_sent = 0;
	connection->ending = true;
}

static int finish(struct fcgi_connection *connection, int r)
{
	bool keep = connection->input.keep;
	free(connection->last);
	connection->last = NULL;
	connection->ending = false;
	record_pipe_close(&connection->record_pipe);
	fcgi_input_finish(&connection->input);
	return r < 0 ? r : !keep;
}

int fcgi_connection_end(struct fcgi_connection *connection)
{
	/* Nothing may follow half a record. */
	int r = fcgi_connection_is_between(connection) ? 0 : -EPROTO;
	if (!connection->ending) {
		r = r == 0 ? send_reply(connection) : r;
		encode_end(connection);
	}
	const uint8_t *last = connection->last ? connection->last : connection->end;
	if (r == 0)
		r = send_all(connection, last + connection->last_sent,
			connection->last_length - connection->last_sent, 0);
	return finish(connection, r);
}

int fcgi_connection_end_now(struct fcgi_connection *connection)
{
	if (!fcgi_connection_is_between(connection) || fcgi_connection_flush_reply(connection) < 0)
		return finish(connection, -ECONNRESET);
	encode_end(connection);
	const uint8_t *last = connection->last ? connection->last : connection->end;
	ssize_t n =
		send(connection->fd, last, connection->last_length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return finish(connection, errno == EPIPE ? -ECONNRESET : -errno);
	connection->last_sent = n > 0 ? (size_t)n : 0;
	return connection->last_sent < connection->last_length ? -EAGAIN : finish(connection, 0);
}

void fcgi_connection_break(struct fcgi_connection *connection)
{
	/* Version 0 does not exist (FastCGI 1.0 §8: FCGI_VERSION_1). In the middle of a record it
	 * would be taken for content: the record comes to its end first, if it can. A peer that
	 * does not read will not read this either: no long wait. */
	static const uint8_t wrong[FCGI_HEADER_LEN] = {0};
	connection->deadline_ms = clock_now_ms() + BREAK_WAIT_MS;
	connection->moved = true;
	if (!connection->torn && send_record_pipe(connection) == 0 &&
		send_promised(connection) == 0)
		send_all(connection, wrong, sizeof wrong, 0);
	connection->torn = true;
}

/* SPDX-License-Identifier: MIT */
/* Content that moves within the kernel. A record's header leaves with MSG_MORE, its payload with
 * splice(2) or sendfile(2). Once a header has promised bytes they must follow, so what is promised
 * is in our hands already: in a pipe of our own (record_pipe.h), or in the file. A file can become
 * shorter in the middle of a record. Then nothing else may follow, and the connection can only be
 * closed. Where the kernel cannot splice to this socket (EINVAL), the same bytes go through a
 * buffer. */
#include "fcgi/connection_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum {
	COPY_BUFFER = 65536,
	RECORD_PIPE_FROM = 2 * FCGI_RECORD_MAX, /* less is one record or two: they go straight */
};

/* Without splice: reads up to size promised bytes (offset NULL: from a pipe of ours) and sends
 * them. Returns how many. */
static ssize_t copy_some(struct fcgi_connection *connection, int fd, off_t *offset, size_t size)
{
	/* On the stack: a thread-local buffer would cost every thread its memory. */
	char buffer[COPY_BUFFER];
	size_t wanted = size < sizeof buffer ? size : sizeof buffer;
	ssize_t n = offset ? pread(fd, buffer, wanted, *offset) : read(fd, buffer, wanted);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EIO;
	int r = connection_send_all(connection, buffer, (size_t)n, 0);
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
	return connection_send_failed(connection, errno);
}

static ssize_t move_some(struct fcgi_connection *connection, int fd, off_t *offset, size_t size)
{
	return connection->splice ? splice_some(connection, fd, offset, size)
				  : copy_some(connection, fd, offset, size);
}

/* Sends all that is in the pipe of records. It counts the headers as content; the caller corrects
 * that. */
static int send_records(struct fcgi_connection *connection)
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

/* Sends the bytes in the hold that a header has promised. */
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

/* Short content goes from the hold straight to the socket. */
static int splice_held(struct fcgi_connection *connection, int pipe, uint64_t size)
{
	struct record_pipe *record_pipe = &connection->record_pipe;
	uint64_t left = size;
	while (left > 0 || record_pipe->held > 0) {
		int r = record_pipe->held > 0 ? 1 : record_pipe_hold(record_pipe, pipe, &left);
		if (r < 0)
			return r;
		if (record_pipe->held == 0)
			continue;
		r = connection_send_header(connection, record_pipe->held);
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

int connection_complete_record(struct fcgi_connection *connection)
{
	int r = send_records(connection);
	return r < 0 ? r : send_promised(connection);
}

static int splice_records(struct fcgi_connection *connection, int pipe, uint64_t size)
{
	struct fcgi_connection_stats before = connection->stats;
	uint64_t left = size;
	while (left > 0 || !record_pipe_is_empty(&connection->record_pipe)) {
		/* Replies may go out between two records only. */
		int r = connection_is_between(connection) ? connection_send_reply(connection) : 0;
		if (r == 0)
			r = record_pipe_fill(
				&connection->record_pipe, pipe, connection->input.id, &left);
		if (r == 0 && connection->record_pipe.bytes == 0)
			r = -EIO; /* an empty pipe that takes nothing never will */
		if (r == 0)
			r = send_records(connection);
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
	return is_long ? splice_records(connection, pipe, size)
		       : splice_held(connection, pipe, size);
}

int fcgi_connection_sendfile(
	struct fcgi_connection *connection, int file, off_t offset, uint64_t size)
{
	while (size > 0) {
		size_t left = size < FCGI_RECORD_MAX ? (size_t)size : FCGI_RECORD_MAX;
		int r = connection_send_header(connection, left);
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

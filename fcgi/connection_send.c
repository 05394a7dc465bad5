/* SPDX-License-Identifier: MIT */
/* Records on their way to the peer. Every wait ends by a clock of ours, because the peer decides
 * whether the socket takes bytes and whether there is input. */
#include "fcgi/connection_internal.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Waits until the socket takes bytes, and notices meanwhile when the peer aborts or goes away. */
static int wait_writable(struct fcgi_connection *connection)
{
	if (connection->moved)
		connection->stalled_ms = clock_now_ms() + connection->send_timeout_ms;
	connection->moved = false;
	for (;;) {
		uint64_t until = connection->stalled_ms;
		if (connection->deadline_ms < until)
			until = connection->deadline_ms;
		/* In every round: while input never ends, poll never reports a timeout. */
		if (clock_now_ms() >= until)
			return until == connection->deadline_ms ? -ETIME : -ETIMEDOUT;
		/* While a reply is pending, input is not read; its end is still noticed. */
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
			int r = connection_look_for_abort(connection);
			if (r < 0 && r != -EAGAIN)
				return r;
		} else if (poll_fd.revents & (POLLERR | POLLHUP | POLLRDHUP)) {
			return -ECONNRESET;
		}
		if (poll_fd.revents & POLLOUT)
			return 0;
	}
}

int connection_send_failed(struct fcgi_connection *connection, int error)
{
	if (error == EINTR)
		return 0;
	if (error == EAGAIN)
		return wait_writable(connection);
	if (error == EPIPE || error == ECONNRESET)
		return -ECONNRESET;
	return -error;
}

int connection_send_all(
	struct fcgi_connection *connection, const void *data, size_t size, int flags)
{
	const char *at = data;
	while (size > 0) {
		ssize_t n = send(connection->fd, at, size, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			int r = connection_send_failed(connection, errno);
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

int connection_send_reply(struct fcgi_connection *connection)
{
	struct fcgi_input *input = &connection->input;
	int r = connection_send_all(connection, input->reply, input->reply_length, 0);
	if (r == 0)
		input->reply_length = 0;
	return r;
}

void connection_encode_stdout(
	const struct fcgi_connection *connection, size_t size, uint8_t out[FCGI_HEADER_LEN])
{
	struct fcgi_header header = {
		.version = FCGI_VERSION_1,
		.type = FCGI_STDOUT,
		.id = connection->input.id,
		.content_length = (uint16_t)size,
	};
	fcgi_header_encode(&header, out);
}

int connection_send_header(struct fcgi_connection *connection, size_t size)
{
	uint8_t header[FCGI_HEADER_LEN];
	connection_encode_stdout(connection, size, header);
	int r = connection_send_reply(connection);
	return r < 0 ? r : connection_send_all(connection, header, sizeof header, MSG_MORE);
}

int fcgi_connection_write(struct fcgi_connection *connection, const void *data, size_t size)
{
	const char *at = data;
	while (size > 0) {
		size_t n = size < FCGI_RECORD_MAX ? size : FCGI_RECORD_MAX;
		int r = connection_send_header(connection, n);
		if (r < 0)
			return r;
		r = connection_send_all(connection, at, n, 0);
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

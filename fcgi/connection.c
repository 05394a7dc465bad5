/* SPDX-License-Identifier: MIT */
/* The request's way in. What the peer sends is read in small pieces, without waiting, and goes
 * through the state machine of input.c, which bounds it. While an answer is sent, no more than a
 * record's header is read at a time, to find an abort. */
#include "fcgi/connection_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "fcgi/params.h"

enum { READ_BUFFER = 16384 };

struct fcgi_connection *fcgi_connection_new(int fd)
{
	struct fcgi_connection *connection = calloc(1, sizeof *connection);
	if (!connection) {
		fd_close(&fd);
		return NULL;
	}
	connection->fd = fd;
	connection->splice = true;
	connection->send_timeout_ms = 60000;
	connection->deadline_ms = CLOCK_NEVER;
	connection->record_pipe = (struct record_pipe)RECORD_PIPE_CLOSED;
	fcgi_input_init(&connection->input);
	return connection;
}

void fcgi_connection_free(struct fcgi_connection *connection)
{
	if (!connection)
		return;
	fd_close(&connection->fd);
	record_pipe_close(&connection->record_pipe);
	fcgi_input_clear(&connection->input);
	free(connection->tail.record);
	free(connection);
}

int fcgi_connection_get_fd(const struct fcgi_connection *connection)
{
	return connection->fd;
}

void fcgi_connection_set_owner(struct fcgi_connection *connection, void *owner)
{
	connection->owner = owner;
}

void *fcgi_connection_get_owner(const struct fcgi_connection *connection)
{
	return connection->owner;
}

struct fcgi_input *fcgi_connection_get_input(struct fcgi_connection *connection)
{
	return &connection->input;
}

struct fcgi_connection_stats fcgi_connection_get_stats(const struct fcgi_connection *connection)
{
	return connection->stats;
}

void fcgi_connection_set_send_timeout(struct fcgi_connection *connection, uint64_t timeout_ms)
{
	connection->send_timeout_ms = timeout_ms;
}

void fcgi_connection_set_splice(struct fcgi_connection *connection, bool splice)
{
	connection->splice = splice;
}

void fcgi_connection_set_deadline(struct fcgi_connection *connection, uint64_t deadline_ms)
{
	connection->deadline_ms = deadline_ms;
}

void fcgi_connection_set_limit(
	struct fcgi_connection *connection, const atomic_uint *connections_max)
{
	connection->connections_max = connections_max;
}

int connection_flush_reply(struct fcgi_connection *connection)
{
	struct fcgi_input *input = &connection->input;
	if (input->reply_length == 0)
		return 0;
	ssize_t n = send(
		connection->fd, input->reply, input->reply_length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n != input->reply_length) {
		connection->torn = connection->torn || n > 0;
		return -EPROTO;
	}
	input->reply_length = 0;
	return 0;
}

/* Returns how many bytes came, 0 for another try, -EAGAIN when nothing is there, or -ECONNRESET. */
static ssize_t receive(struct fcgi_connection *connection, uint8_t *buffer, size_t size)
{
	ssize_t n = recv(connection->fd, buffer, size, MSG_DONTWAIT);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? -EAGAIN : -ECONNRESET;
	if (connection->connections_max)
		connection->input.connections_max = atomic_load(connection->connections_max);
	return n;
}

/* What the bytes have led to. */
static int after_input(const struct fcgi_input *input)
{
	if (input->close_soon)
		return -ECONNRESET;
	return input->answering && input->aborted ? -ECANCELED : 0;
}

int connection_look_for_abort(struct fcgi_connection *connection)
{
	struct fcgi_input *input = &connection->input;
	uint8_t buffer[FCGI_HEADER_LEN];
	if (input->reply_length > 0)
		return 0;
	ssize_t n = receive(connection, buffer, sizeof buffer);
	if (n <= 0)
		return (int)n;
	/* So few bytes end one record at most, so one reply at most is pending then. */
	size_t taken = fcgi_input_feed(input, buffer, (size_t)n);
	return input->broken || taken < (size_t)n ? -EPROTO : after_input(input);
}

static int read_and_reply(struct fcgi_connection *connection)
{
	struct fcgi_input *input = &connection->input;
	uint8_t buffer[READ_BUFFER];
	ssize_t n = receive(connection, buffer, sizeof buffer);
	if (n <= 0)
		return (int)n;
	for (size_t at = 0; at < (size_t)n;) {
		size_t taken = fcgi_input_feed(input, buffer + at, (size_t)n - at);
		at += taken;
		/* Without a step forward there will be none. */
		if (input->broken || taken == 0 || connection_flush_reply(connection) < 0)
			return -EPROTO;
	}
	return after_input(input);
}

bool connection_is_between(const struct fcgi_connection *connection)
{
	const struct record_pipe *record_pipe = &connection->record_pipe;
	return !connection->torn && record_pipe->bytes == 0 && record_pipe->promised == 0;
}

int fcgi_connection_read(struct fcgi_connection *connection)
{
	if (connection_is_between(connection))
		return read_and_reply(connection);
	/* The reply can never be sent, so the caller must not come back for what is unread. */
	if (connection->input.reply_length > 0)
		return -EPROTO;
	return connection_look_for_abort(connection);
}

int fcgi_connection_begin(struct fcgi_connection *connection)
{
	struct fcgi_input *input = &connection->input;
	input->answering = true;
	connection->moved = true;
	connection->stats = (struct fcgi_connection_stats){0};
	connection->deadline_ms = CLOCK_NEVER;
	if (input->params_too_large)
		return -E2BIG;
	long length = fcgi_params_decode(input->params, input->params_length);
	input->params_length = length < 0 ? 0 : (uint32_t)length;
	return length < 0 ? (int)length : 0;
}

bool fcgi_connection_peek(
	const struct fcgi_connection *connection, const char *name, char *value, size_t size)
{
	const struct fcgi_input *input = &connection->input;
	return input->params && !input->params_too_large &&
	       fcgi_params_peek(input->params, input->params_length, name, value, size);
}

const char *fcgi_connection_param(const struct fcgi_connection *connection, const char *name)
{
	const struct fcgi_input *input = &connection->input;
	return input->params ? fcgi_params_get(input->params, input->params_length, name) : NULL;
}

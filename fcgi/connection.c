/* SPDX-License-Identifier: MIT */
/* The request's way in. What the peer sends is read in small pieces while nobody waits for it, and
 * goes through the state machine of input.c, which bounds it; whoever sends an answer meanwhile
 * looks at no more than a record's header, for an abort. */
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
	free(connection->last);
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

int fcgi_connection_flush_reply(struct fcgi_connection *connection)
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

int fcgi_connection_read_input(struct fcgi_connection *connection, bool may_reply)
{
	struct fcgi_input *input = &connection->input;
	uint8_t buffer[READ_BUFFER];
	if (!may_reply && input->reply_length > 0)
		return 0;
	ssize_t n = recv(
		connection->fd, buffer, may_reply ? sizeof buffer : FCGI_HEADER_LEN, MSG_DONTWAIT);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -ECONNRESET;
	if (n == 0)
		return -ECONNRESET;
	if (connection->connections_max)
		input->connections_max = atomic_load(connection->connections_max);
	size_t at = 0;
	while (at < (size_t)n) {
		size_t taken = fcgi_input_feed(input, buffer + at, (size_t)n - at);
		at += taken;
		/* Without a step forward there will be none: so few bytes need one reply at most.
		 */
		if (input->broken || taken == 0)
			return -EPROTO;
		if (may_reply && fcgi_connection_flush_reply(connection) < 0)
			return -EPROTO;
	}
	if (input->close_soon)
		return -ECONNRESET;
	return connection->input.answering && input->aborted ? -ECANCELED : 0;
}

bool fcgi_connection_is_between(const struct fcgi_connection *connection)
{
	const struct record_pipe *record_pipe = &connection->record_pipe;
	return !connection->torn && record_pipe->bytes == 0 && record_pipe->promised == 0;
}

int fcgi_connection_read(struct fcgi_connection *connection)
{
	bool between = fcgi_connection_is_between(connection);
	/* The reply can never be sent, so the caller must not come again for what is left unread.
	 */
	if (!between && connection->input.reply_length > 0)
		return -EPROTO;
	return fcgi_connection_read_input(connection, between);
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

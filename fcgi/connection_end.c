/* SPDX-License-Identifier: MIT */
/* The last record of an answer, the end of STDOUT and the end of the request leave in one piece, so
 * that the peer wakes up once. The piece stands in `tail` until it is sent: behind the last record
 * in memory of its own, or alone in `end`. */
#include "fcgi/connection_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { BREAK_WAIT_MS = 2000 /* for the record before a broken one */ };

int fcgi_connection_write_last(
	struct fcgi_connection *connection, const struct iovec *parts, size_t count)
{
	struct connection_tail *tail = &connection->tail;
	size_t size = 0;
	for (size_t i = 0; i < count; i++)
		size += parts[i].iov_len;
	if (size == 0)
		return 0;
	assert(!tail->record);
	if (size <= FCGI_RECORD_MAX)
		tail->record = malloc(FCGI_HEADER_LEN + size + CONNECTION_END_BYTES);
	if (!tail->record)
		return -ENOMEM;
	connection_encode_stdout(connection, size, tail->record);
	uint8_t *at = tail->record + FCGI_HEADER_LEN;
	for (size_t i = 0; i < count; i++) {
		memcpy(at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	tail->length = FCGI_HEADER_LEN + size;
	connection->stats.copied += size;
	return 0;
}

/* Puts the end behind the last record. */
static void encode_end(struct fcgi_connection *connection)
{
	struct connection_tail *tail = &connection->tail;
	uint8_t *end = tail->record ? tail->record + tail->length : tail->end;
	if (!tail->record)
		tail->length = 0;
	connection_encode_stdout(connection, 0, end);
	fcgi_end_request_encode(
		connection->input.id, 0, FCGI_REQUEST_COMPLETE, end + FCGI_HEADER_LEN);
	tail->length += CONNECTION_END_BYTES;
	tail->sent = 0;
	tail->complete = true;
}

static const uint8_t *unsent(const struct connection_tail *tail)
{
	return (tail->record ? tail->record : tail->end) + tail->sent;
}

/* Sends what is left of the piece with one try. */
static int try_rest(struct fcgi_connection *connection)
{
	struct connection_tail *tail = &connection->tail;
	ssize_t n = send(connection->fd, unsent(tail), tail->length - tail->sent,
		MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return errno == EPIPE ? -ECONNRESET : -errno;
	tail->sent += n > 0 ? (size_t)n : 0;
	return tail->sent < tail->length ? -EAGAIN : 0;
}

static int wait_for_rest(struct fcgi_connection *connection)
{
	struct connection_tail *tail = &connection->tail;
	int r = connection_send_all(connection, unsent(tail), tail->length - tail->sent, 0);
	if (r == 0)
		tail->sent = tail->length;
	return r;
}

int fcgi_connection_send_end(struct fcgi_connection *connection, bool wait)
{
	/* Nothing may follow half a record. */
	if (!connection_is_between(connection))
		return -EPROTO;
	if (!connection->tail.complete) {
		int r = wait ? connection_send_reply(connection)
			     : connection_flush_reply(connection);
		if (r < 0)
			return wait ? r : -ECONNRESET;
		encode_end(connection);
	}
	return wait ? wait_for_rest(connection) : try_rest(connection);
}

int fcgi_connection_end(struct fcgi_connection *connection)
{
	int r = fcgi_connection_send_end(connection, true);
	bool keep = connection->input.keep;
	free(connection->tail.record);
	connection->tail.record = NULL;
	connection->tail.complete = false;
	record_pipe_close(&connection->record_pipe);
	fcgi_input_finish(&connection->input);
	return r < 0 ? r : !keep;
}

void fcgi_connection_break(struct fcgi_connection *connection)
{
	/* Version 0 does not exist (FastCGI 1.0 §8: FCGI_VERSION_1). In the middle of a record it
	 * would be taken for content, so the record is completed first, if that is possible. A peer
	 * that does not read will not read this either, so the wait is short. */
	static const uint8_t wrong[FCGI_HEADER_LEN] = {0};
	connection->deadline_ms = clock_now_ms() + BREAK_WAIT_MS;
	connection->moved = true;
	if (!connection->torn && connection_complete_record(connection) == 0)
		connection_send_all(connection, wrong, sizeof wrong, 0);
	connection->torn = true;
}

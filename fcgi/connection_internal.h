/* SPDX-License-Identifier: MIT */
#ifndef FCGI_CONNECTION_INTERNAL_H
#define FCGI_CONNECTION_INTERNAL_H

/* What the files of a connection share: connection.c (what comes in), connection_send.c (records
 * that go out), connection_splice.c (content that moves within the kernel) and connection_end.c
 * (the end of an answer). Threads: as connection.h. Functions that send return as connection.h
 * says. */

#include "fcgi/connection.h"
#include "fcgi/input.h"
#include "fcgi/record_pipe.h"

enum {
	/* The end of STDOUT and the end of the request. */
	CONNECTION_END_BYTES = FCGI_HEADER_LEN + FCGI_END_REQUEST_LEN,
};

/* What ends an answer: the last record, if it was kept back, and the end. */
struct connection_tail {
	uint8_t *record; /* with room for the end behind it; NULL: none, the end stands in `end` */
	uint8_t end[CONNECTION_END_BYTES];
	size_t length;
	size_t sent;
	bool complete; /* the end is in it */
};

struct fcgi_connection {
	int fd;
	bool splice;
	uint64_t send_timeout_ms;
	uint64_t deadline_ms;
	struct fcgi_connection_stats stats;
	struct record_pipe record_pipe; /* open while an answer is spliced */
	bool torn;  /* a record is half out and will never be whole: only closing is left */
	bool moved; /* a new answer, or the peer has taken something since stalled_ms was set */
	uint64_t stalled_ms; /* when we stop waiting for the peer to take more */
	struct connection_tail tail;
	void *owner;
	const atomic_uint *connections_max; /* NULL: not told */
	struct fcgi_input input;
};

/* connection.c */

/* Sends the pending reply without waiting. Replies are a few bytes: a peer whose buffer has no room
 * for them does not read at all. Only between two records. Returns 0 or -EPROTO. */
int connection_flush_reply(struct fcgi_connection *connection);
/* No record is partly sent. Only then may something else be sent. */
bool connection_is_between(const struct fcgi_connection *connection);
/* Reads on, within an answer, for an ABORT_REQUEST. Sends no replies: while one is pending, what
 * the peer says stays in its socket. Returns as fcgi_connection_read. */
int connection_look_for_abort(struct fcgi_connection *connection);

/* connection_send.c */

/* Sends whole records, or the rest of one. When it fails in the middle, the connection is torn. */
int connection_send_all(
	struct fcgi_connection *connection, const void *data, size_t size, int flags);
/* Sends the pending reply, however slowly the peer reads: nothing else is read from it meanwhile.
 */
int connection_send_reply(struct fcgi_connection *connection);
void connection_encode_stdout(
	const struct fcgi_connection *connection, size_t size, uint8_t out[FCGI_HEADER_LEN]);
/* Announces a record of `size` bytes; a pending reply goes before it. */
int connection_send_header(struct fcgi_connection *connection, size_t size);
/* The errno of a send that failed: returns 0, try again, or an error. */
int connection_send_failed(struct fcgi_connection *connection, int error);

/* connection_splice.c */

/* Sends the rest of the record that is under way, if we have it. */
int connection_complete_record(struct fcgi_connection *connection);

#endif

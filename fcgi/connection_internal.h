/* SPDX-License-Identifier: MIT */
#ifndef FCGI_CONNECTION_INTERNAL_H
#define FCGI_CONNECTION_INTERNAL_H

/* What connection.c (what comes in) and connection_send.c (what goes out) share. Threads: as
 * connection.h. */

#include "fcgi/connection.h"
#include "fcgi/input.h"
#include "fcgi/record_pipe.h"

enum {
	CONNECTION_END_BYTES =
		FCGI_HEADER_LEN + FCGI_END_REQUEST_LEN /* the end of STDOUT, and of the request */
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
	/* What fcgi_connection_end sends: the record before the end, and the end; NULL: the end
	 * alone. */
	uint8_t *last;
	size_t last_length;
	size_t last_sent;
	bool ending;			   /* the end is in it */
	uint8_t end[CONNECTION_END_BYTES]; /* alone */
	void *owner;
	const atomic_uint *connections_max; /* NULL: not told */
	struct fcgi_input input;
};

/* Without waiting. Replies are a few bytes: a peer whose buffer has no room for them is not reading
 * at all. Between the records of an answer only: callers see to that. */
int fcgi_connection_flush_reply(struct fcgi_connection *connection);

/* Nothing of ours is half-way out: here, and nowhere else, something else may be sent. */
bool fcgi_connection_is_between(const struct fcgi_connection *connection);

/* may_reply: fcgi_connection_is_between. Otherwise a peer whose records need replies is left
 * waiting in its socket until there is room to reply. */
int fcgi_connection_read_input(struct fcgi_connection *connection, bool may_reply);

#endif

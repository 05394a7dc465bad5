/* SPDX-License-Identifier: MIT */
#ifndef FCGI_CONNECTION_H
#define FCGI_CONNECTION_H

/*
 * One connection of a web server with at most one running request. Belongs to one thread at a time:
 * to the loop's while it is idle or its request is being read, to a worker's from the callback of
 * the loop to fcgi_loop_release.
 *
 * What is sent becomes STDOUT records (FastCGI 1.0 §5.3). Sending functions block until everything
 * is with the kernel and watch the peer meanwhile. They return 0 or -ECONNRESET  the peer is gone
 *   -ECANCELED   the peer sent ABORT_REQUEST
 *   -ETIMEDOUT   the peer took no byte for send_timeout_ms
 *   -ETIME       the deadline of fcgi_connection_set_deadline has passed
 * or another -errno; after any of them nothing more can be sent but fcgi_connection_break, and
 * -ECANCELED between records: fcgi_connection_end.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/input.h"

struct fcgi_connection;

struct fcgi_connection_stats {
	uint64_t spliced; /* bytes of content that went from a pipe or file to the socket within the
			     kernel */
	uint64_t copied;  /* bytes of content that went through a buffer of ours, header fields
			     included */
};

/* Takes fd (a non-blocking stream socket). NULL: out of memory, fd is closed. */
struct fcgi_connection *fcgi_connection_new(int fd);
/* Closes it. NULL is fine. */
void fcgi_connection_free(struct fcgi_connection *connection);

int fcgi_connection_get_fd(const struct fcgi_connection *connection);
/* What the loop keeps about the connection; opaque, never freed here. */
void fcgi_connection_set_owner(struct fcgi_connection *connection, void *owner);
void *fcgi_connection_get_owner(const struct fcgi_connection *connection);
struct fcgi_input *fcgi_connection_get_input(struct fcgi_connection *connection);
struct fcgi_connection_stats fcgi_connection_get_stats(const struct fcgi_connection *connection);

/* What a web server is told when it asks how many connections it may have; borrowed, may change at
 * any time. NULL: it is not told. */
void fcgi_connection_set_limit(
	struct fcgi_connection *connection, const atomic_uint *connections_max);

/* Reads what is there, without blocking, and answers management records. Returns 0, -EAGAIN when
 * nothing was there, -ECONNRESET at the end of the stream, -EPROTO when it is not FastCGI or the
 * peer does not take our replies, -ECANCELED when the running request was aborted. */
int fcgi_connection_read(struct fcgi_connection *connection);

/* Begins the answer to the request at hand: counters at 0, decodes its parameters. Returns 0, or
 * -EINVAL when they are no name-value pairs, -E2BIG when they were longer than FCGI_PARAMS_MAX; the
 * request can be answered all the same. */
int fcgi_connection_begin(struct fcgi_connection *connection);
/* A parameter of the request at hand, NULL when absent. Borrowed until fcgi_connection_end. */
const char *fcgi_connection_param(const struct fcgi_connection *connection, const char *name);

/* A parameter before fcgi_connection_begin, copied: to decide who answers. False as
 * fcgi_params_peek. */
bool fcgi_connection_peek(
	const struct fcgi_connection *connection, const char *name, char *value, size_t size);

/* Settings of the answer. splice false: always the copying path. deadline_ms: of clock_now_ms, or
 * CLOCK_NEVER. */
void fcgi_connection_set_send_timeout(struct fcgi_connection *connection, uint64_t timeout_ms);
void fcgi_connection_set_splice(struct fcgi_connection *connection, bool splice);
void fcgi_connection_set_deadline(struct fcgi_connection *connection, uint64_t deadline_ms);

int fcgi_connection_write(struct fcgi_connection *connection, const void *data, size_t size);
/* The same, of what ends the answer: goes out with fcgi_connection_end, which then tells its
 * errors, in one piece, so that the peer wakes up once. Nothing may be sent between the two. */
int fcgi_connection_write_last(struct fcgi_connection *connection, const void *data, size_t size);
/* The same in place: room for `size` bytes, into which the caller writes; NULL: there is none, or
 * size is 0 or more than a record holds, or something is last already. fcgi_connection_last_done is
 * due, with how many they became; 0: none, there will be something else. */
void *fcgi_connection_last(struct fcgi_connection *connection, size_t size);
void fcgi_connection_last_done(struct fcgi_connection *connection, size_t size);
/* Moves size bytes, which should be in the pipe already. -ENODATA when there are fewer, because
 * another reader of the pipe has taken some: whole records of what was there have been sent then,
 * and no header has promised the others. Never waits for the pipe. */
int fcgi_connection_splice(struct fcgi_connection *connection, int pipe, uint64_t size);
/* Moves size bytes of a regular file from offset on. -EIO when the file is shorter: a record may be
 * half out then, and the connection can only be closed, with or without fcgi_connection_break. */
int fcgi_connection_sendfile(
	struct fcgi_connection *connection, int file, off_t offset, uint64_t size);

/* Ends STDOUT and the request. Returns 0 when the connection may be used again (fcgi_loop_release),
 * 1 when the peer wants it closed, or -errno as above. */
int fcgi_connection_end(struct fcgi_connection *connection);

/* The same without blocking, once: -EAGAIN when not all of it could be sent; then
 * fcgi_connection_end sends the rest. */
int fcgi_connection_end_now(struct fcgi_connection *connection);

/* Makes the stream invalid, so that the web server notices that the answer is incomplete: a record
 * of a wrong version, behind the rest of the record that is under way, if we have it. Where we do
 * not, nothing is sent: it would be taken for content. Waits two seconds at most. The connection
 * can only be closed then. */
void fcgi_connection_break(struct fcgi_connection *connection);

#endif

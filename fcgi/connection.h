/* SPDX-License-Identifier: MIT */
#ifndef FCGI_CONNECTION_H
#define FCGI_CONNECTION_H

/*
 * One connection of a web server with at most one running request. It belongs to one thread at a
 * time: to the loop's while it is idle, while its request is read and during the loop's callback;
 * to a worker's from fcgi_loop_detach to fcgi_loop_release.
 *
 * What is sent becomes STDOUT records (FastCGI 1.0 §5.3). Sending functions block until everything
 * is with the kernel, and watch the peer meanwhile. They return 0, or
 *   -ECONNRESET  the peer is gone
 *   -ECANCELED   the peer sent ABORT_REQUEST
 *   -ETIMEDOUT   the peer took no byte for send_timeout_ms
 *   -ETIME       the deadline of fcgi_connection_set_deadline has passed
 * or another -errno. After an error only fcgi_connection_break may be called, or, after -ECANCELED
 * between two records, fcgi_connection_end.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "fcgi/input.h"

struct fcgi_connection;

struct fcgi_connection_stats {
	uint64_t spliced; /* bytes of content that moved within the kernel */
	uint64_t copied;  /* bytes of content, header fields included, from a buffer of ours */
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

/* What a web server is told when it asks how many connections it may open; borrowed, may change at
 * any time. NULL: it is not told. */
void fcgi_connection_set_limit(
	struct fcgi_connection *connection, const atomic_uint *connections_max);

/* Reads what has come, without blocking, and answers management records. Returns 0, -EAGAIN when
 * nothing has come, -ECONNRESET at the end of the stream, -EPROTO when it is not FastCGI or the
 * peer does not take our replies, -ECANCELED when the running request was aborted. */
int fcgi_connection_read(struct fcgi_connection *connection);

/* Begins the answer to the complete request: sets the counters to 0 and decodes the parameters.
 * Returns 0, -EINVAL when they are no name-value pairs, or -E2BIG when they were longer than
 * FCGI_PARAMS_MAX. The request can be answered in any case. */
int fcgi_connection_begin(struct fcgi_connection *connection);
/* A parameter of the request, NULL when absent. Borrowed until fcgi_connection_end. */
const char *fcgi_connection_param(const struct fcgi_connection *connection, const char *name);

/* Copies a parameter before fcgi_connection_begin, to decide which module answers. False as
 * fcgi_params_peek. */
bool fcgi_connection_peek(
	const struct fcgi_connection *connection, const char *name, char *value, size_t size);

/* Settings of the answer. splice false: content is always copied. deadline_ms: as clock_now_ms, or
 * CLOCK_NEVER. */
void fcgi_connection_set_send_timeout(struct fcgi_connection *connection, uint64_t timeout_ms);
void fcgi_connection_set_splice(struct fcgi_connection *connection, bool splice);
void fcgi_connection_set_deadline(struct fcgi_connection *connection, uint64_t deadline_ms);

/* The answer's content, in this order: any number of the first three, fcgi_connection_write_last
 * once or not at all, and fcgi_connection_end. */

int fcgi_connection_write(struct fcgi_connection *connection, const void *data, size_t size);
/* Moves `size` bytes, which should be in the pipe already. Never waits for the pipe. -ENODATA when
 * there are fewer, because another reader of the pipe has taken some: then whole records of what
 * was there have been sent, and no header has promised the rest. */
int fcgi_connection_splice(struct fcgi_connection *connection, int pipe, uint64_t size);
/* Moves `size` bytes of a regular file from offset on. -EIO when the file is shorter: a record may
 * be half out then, and the connection can only be closed, with or without fcgi_connection_break.
 */
int fcgi_connection_sendfile(
	struct fcgi_connection *connection, int file, off_t offset, uint64_t size);

/* Keeps the last part of the content back, copied, so that it leaves in one piece with the end and
 * the peer wakes up once. Returns 0, or -ENOMEM when there is no memory or the parts are larger
 * than one record (FCGI_RECORD_MAX): nothing was kept then. */
int fcgi_connection_write_last(
	struct fcgi_connection *connection, const struct iovec *parts, size_t count);

/* Ends STDOUT and the request. Returns 0 when the connection may be used again (fcgi_loop_release),
 * 1 when the peer wants it closed, or -errno as above. */
int fcgi_connection_end(struct fcgi_connection *connection);
/* The first half of that: sends the end, and the parameters can still be read. Without `wait` it
 * tries once and does not block. Returns 0; -EAGAIN when not all was sent, and another call sends
 * the rest; or -errno: then the connection can only be closed, without fcgi_connection_end. */
int fcgi_connection_send_end(struct fcgi_connection *connection, bool wait);

/* Instead of the end: makes the stream invalid, so that the web server notices that the answer is
 * incomplete. Sends a record of a wrong version, behind the rest of the record that is under way if
 * we have that rest. If we do not, nothing is sent, because it would be taken for content. Waits
 * two seconds at most. The connection can only be closed then. */
void fcgi_connection_break(struct fcgi_connection *connection);

#endif

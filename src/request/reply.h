/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_REPLY_H
#define SRC_REQUEST_REPLY_H

/*
 * Sends a response over the connection that its request came on. One thread.
 */

#include "fcgi/connection.h"
#include "src/http/response.h"

/* Sends the header fields of a good answer. Returns 0 or -errno of the connection. */
int reply_send_header(struct fcgi_connection *connection, const struct response *response);
/* The same where nothing follows: goes out with fcgi_connection_end. */
int reply_send_alone(struct fcgi_connection *connection, const struct response *response);

/* With response->length bytes of the file from `offset` on, REPLY_SHORT_MAX at most, in one piece
 * with fcgi_connection_end: for so few a copy costs less than the peer's waking up for each record.
 * Returns also -ENODATA: the file is shorter. */
enum { REPLY_SHORT_MAX = 16384 };
int reply_send_short(struct fcgi_connection *connection, const struct response *response, int file,
	uint64_t offset);
/* The same from memory, REPLY_MEMORY_MAX at most. -ENOMEM: nothing was sent, also when with its
 * fields it is no single record (they have some 400 bytes, unless the configuration says a lot). */
enum { REPLY_MEMORY_MAX = 63488 };
int reply_send_memory(
	struct fcgi_connection *connection, const struct response *response, const void *content);

/* Sends an error, with fcgi_connection_end: one line of text and the request's id; head true:
 * without the body. Type and length are set here. */
int reply_send_error(struct fcgi_connection *connection, const struct response *response,
	const char *message, bool head);

#endif

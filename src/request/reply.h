/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_REPLY_H
#define SRC_REQUEST_REPLY_H

/*
 * Sends a response over the connection of its request. One thread. All functions return 0 or -errno
 * of the connection, and -EMSGSIZE when the header fields are too long.
 */

#include "fcgi/connection.h"
#include "src/http/response.h"

/* Sends the header fields. The content follows by other calls. */
int reply_send_header(struct fcgi_connection *connection, const struct response *response);
/* Sends the header fields without any content, together with fcgi_connection_end. */
int reply_send_alone(struct fcgi_connection *connection, const struct response *response);

/* Sends the header fields and response->length bytes of the file from `offset` on, at most
 * REPLY_SHORT_MAX, together with fcgi_connection_end. Also returns -ENODATA when the file is
 * shorter. */
enum { REPLY_SHORT_MAX = 16384 };
int reply_send_short(struct fcgi_connection *connection, const struct response *response, int file,
	uint64_t offset);
/* The same from memory, at most REPLY_MEMORY_MAX bytes. Returns -ENOMEM with nothing sent when
 * there is no memory, or when fields and content do not fit into one record. The fields have some
 * 400 bytes, unless the configuration adds many. */
enum { REPLY_MEMORY_MAX = 63488 };
int reply_send_memory(
	struct fcgi_connection *connection, const struct response *response, const void *content);

/* Sends an error with one line of text and the request's id, together with fcgi_connection_end. The
 * type and the length of the response are set here. head: without the text. */
int reply_send_error(struct fcgi_connection *connection, const struct response *response,
	const char *message, bool head);

#endif

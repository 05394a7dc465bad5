/* SPDX-License-Identifier: MIT */
#ifndef SRC_RESPONSE_H
#define SRC_RESPONSE_H

/*
 * Header fields and error bodies as a CGI document (RFC 3875 §6). One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fcgi/connection.h"
#include "src/pure/http.h"

struct response {
	int status;
	const char *type; /* Content-Type; NULL: none (304) */
	uint64_t length;  /* Content-Length; RESPONSE_NO_LENGTH: none */
	const char *request_id;
	const char *shown_id;	   /* X-Request-Id; NULL: no field */
	const char *server_timing; /* NULL: no field */
	const char *cache_control; /* of a good answer; NULL: none */
	bool stale;		   /* an older result, out of date for stale_s seconds */
	uint64_t stale_s;
	bool varies;		/* Accept was looked at (RFC 9110 §12.5.5) */
	unsigned retry_after_s; /* 0: no field */
	const char *send_field,
		*send_place;		/* tells the web server to send a file; NULL: no field */
	const char *etag;		/* with its quotes; NULL or "": no validators */
	time_t modified;		/* with etag */
	bool ranges;			/* whether Accept-Ranges says so */
	const struct http_range *range; /* 206: of range_size bytes */
	uint64_t range_size;		/* 206 and 416 */
};

#define RESPONSE_NO_LENGTH UINT64_MAX

/* Sends the header fields of a good answer. Returns 0 or -errno of the connection. */
int response_send_header(struct fcgi_connection *connection, const struct response *response);
/* The same where nothing follows: goes out with fcgi_connection_end. */
int response_send_alone(struct fcgi_connection *connection, const struct response *response);

/* With response->length bytes of the file from `offset` on, RESPONSE_SHORT_MAX at most, in one piece with fcgi_connection_end: for so
 * few a copy costs less than the peer's waking up for each record. Returns also -ENODATA: the file is shorter. */
enum { RESPONSE_SHORT_MAX = 16384 };
int response_send_short(struct fcgi_connection *connection, const struct response *response,
	int file, uint64_t offset);
/* The same from memory, RESPONSE_MEMORY_MAX at most. -ENOMEM: nothing was sent, also when with its fields it is no single record (they
 * have some 400 bytes, unless the configuration says a lot). */
enum { RESPONSE_MEMORY_MAX = 63488 };
int response_send_memory(
	struct fcgi_connection *connection, const struct response *response, const void *content);

/* Sends an error, with fcgi_connection_end: one line of text and the request's id; head true: without the body. Type and
 * length are set here. */
int response_send_error(struct fcgi_connection *connection, const struct response *response,
	const char *message, bool head);

#endif

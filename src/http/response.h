/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_RESPONSE_H
#define SRC_HTTP_RESPONSE_H

/* The header fields of an answer, as a CGI document begins (RFC 3875 §6). One thread. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"
#include "src/http/conditional.h"

struct response {
	int status;
	const char *type; /* Content-Type; NULL: none (304) */
	uint64_t length;  /* Content-Length; RESPONSE_NO_LENGTH: none */
	const char *request_id;
	const char *shown_id;	   /* X-Request-Id; NULL: no field */
	const char *server_timing; /* NULL: no field */
	const char *cache_control; /* of a good answer; NULL: none */
	const char *cache_status;  /* NULL: no field */
	bool varies;		   /* the answer depends on Accept (RFC 9110 §12.5.5) */
	unsigned retry_after_s;	   /* 0: no field */
	const char *policy;	   /* Content-Security-Policy; NULL: no field */
	const char *send_field,
		*send_place;		/* tells the web server to send a file; NULL: no field */
	const char *etag;		/* with its quotes; NULL or "": no validators */
	time_t modified;		/* with etag */
	bool ranges;			/* send Accept-Ranges */
	const struct http_range *range; /* 206: of range_size bytes */
	uint64_t range_size;		/* 206 and 416 */
};

#define RESPONSE_NO_LENGTH UINT64_MAX

/* Appends the header fields and the empty line behind them. text->overflow says whether there was
 * room for all of it. */
void response_fields(const struct response *response, struct text *text);

#endif

/* SPDX-License-Identifier: MIT */
/* Every value that comes from outside was checked before it gets here: a media type from the
 * configuration, an id of safe characters. So no field can be split. */
#include "src/request/response.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "src/outcome.h"

enum { FIELDS_MAX = 8192, BODY_MAX = 1024 };

static void put_field(struct text *text, const char *name, const char *value)
{
	text_puts(text, name);
	text_puts(text, ": ");
	text_puts(text, value);
	text_puts(text, "\r\n");
}

/* RFC 9110 §8.8, §14: what a later request can refer to. */
static void put_validators(struct text *text, const struct response *response)
{
	if (response->etag && response->etag[0]) {
		char date[30];
		http_date(response->modified, date);
		put_field(text, "ETag", response->etag);
		put_field(text, "Last-Modified", date);
	}
	if (response->send_field)
		put_field(text, response->send_field, response->send_place);
	if (response->ranges)
		put_field(text, "Accept-Ranges", "bytes");
	if (response->range)
		text_printf(text, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
			response->range->first,
			response->range->first + response->range->length - 1, response->range_size);
}

static void put_fields(struct text *text, const struct response *response)
{
	text_puts(text, "Status: ");
	text_count(text, (uint64_t)response->status);
	text_puts(text, " ");
	text_puts(text, outcome_reason(response->status));
	text_puts(text, "\r\n");
	if (response->type)
		put_field(text, "Content-Type", response->type);
	if (response->length != RESPONSE_NO_LENGTH) {
		text_puts(text, "Content-Length: ");
		text_count(text, response->length);
		text_puts(text, "\r\n");
	}
	if (response->status >= 400)
		put_field(text, "Cache-Control", "no-store");
	else if (response->cache_control)
		put_field(text, "Cache-Control", response->cache_control);
	if (response->status < 400)
		put_validators(text, response);
	else if (response->status == 416)
		text_printf(text, "Content-Range: bytes */%" PRIu64 "\r\n", response->range_size);
	if (response->stale && response->status < 400)
		text_printf(
			text, "Cache-Status: sluice; hit; ttl=-%" PRIu64 "\r\n", response->stale_s);
	if (response->varies)
		put_field(text, "Vary", "Accept");
	if (response->status == 405)
		put_field(text, "Allow", "GET, HEAD");
	if (response->retry_after_s)
		text_printf(text, "Retry-After: %u\r\n", response->retry_after_s);
	if (response->shown_id)
		put_field(text, "X-Request-Id", response->shown_id);
	if (response->server_timing)
		put_field(text, "Server-Timing", response->server_timing);
	text_puts(text, "X-Content-Type-Options: nosniff\r\n\r\n");
}

int response_send_header(struct fcgi_connection *connection, const struct response *response)
{
	char buffer[FIELDS_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	put_fields(&text, response);
	return text.overflow ? -EMSGSIZE : fcgi_connection_write(connection, text.data, text.len);
}

int response_send_alone(struct fcgi_connection *connection, const struct response *response)
{
	char buffer[FIELDS_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	put_fields(&text, response);
	return text.overflow ? -EMSGSIZE
			     : fcgi_connection_write_last(connection, text.data, text.len);
}

/* The fields, and room for the content behind them, which fcgi_connection_last_done ends. NULL: there is none, *error says why. */
static char *begin_last(struct fcgi_connection *connection, const struct response *response,
	size_t *fields, int *error)
{
	char buffer[FIELDS_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	put_fields(&text, response);
	*error = text.overflow ? -EMSGSIZE : -ENOMEM;
	char *last = text.overflow ? NULL
				   : fcgi_connection_last(connection, text.len + response->length);
	if (!last)
		return NULL;
	memcpy(last, text.data, text.len);
	*fields = text.len;
	return last + text.len;
}

int response_send_short(struct fcgi_connection *connection, const struct response *response,
	int file, uint64_t offset)
{
	size_t fields, have = 0;
	int r;
	char *content = begin_last(connection, response, &fields, &r);
	if (!content)
		return r;
	r = 0;
	while (have < response->length && r == 0) {
		ssize_t n = pread(
			file, content + have, response->length - have, (off_t)(offset + have));
		if (n > 0)
			have += (size_t)n;
		else if (n == 0)
			r = -ENODATA;
		else if (errno != EINTR)
			r = -errno;
	}
	fcgi_connection_last_done(connection, r == 0 ? fields + have : 0);
	return r;
}

int response_send_memory(
	struct fcgi_connection *connection, const struct response *response, const void *content)
{
	size_t fields;
	int r;
	char *room = begin_last(connection, response, &fields, &r);
	if (!room)
		return r;
	memcpy(room, content, response->length);
	fcgi_connection_last_done(connection, fields + response->length);
	return 0;
}

int response_send_error(struct fcgi_connection *connection, const struct response *response,
	const char *message, bool head)
{
	char body_buffer[BODY_MAX], buffer[FIELDS_MAX + BODY_MAX];
	struct text body, text;
	text_init(&body, body_buffer, sizeof body_buffer);
	text_printf(&body, "%s (request %s)\n", message, response->request_id);
	struct response error = *response;
	error.type = "text/plain; charset=utf-8";
	error.length = body.len;
	text_init(&text, buffer, sizeof buffer);
	put_fields(&text, &error);
	if (!head)
		text_append(&text, body.data, body.len);
	return fcgi_connection_write_last(connection, text.data, text.len);
}

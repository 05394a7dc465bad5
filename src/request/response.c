/* SPDX-License-Identifier: MIT */
/* Every value that comes from outside was checked before it gets here: a media type from the
 * configuration, an id of safe characters. So no field can be split. */
#include "src/request/response.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/text.h"
#include "src/outcome.h"

enum { FIELDS_MAX = 8192, BODY_MAX = 1024 };

/* RFC 9110 §8.8, §14: what a later request can refer to. */
static void put_validators(struct text *text, const struct response *response)
{
	if (response->etag && response->etag[0]) {
		char date[30];
		http_date(response->modified, date);
		text_printf(text, "ETag: %s\r\nLast-Modified: %s\r\n", response->etag, date);
	}
	if (response->send_field)
		text_printf(text, "%s: %s\r\n", response->send_field, response->send_place);
	if (response->ranges)
		text_puts(text, "Accept-Ranges: bytes\r\n");
	if (response->range)
		text_printf(text, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
			response->range->first,
			response->range->first + response->range->length - 1, response->range_size);
}

static void put_fields(struct text *text, const struct response *response)
{
	text_printf(text, "Status: %d %s\r\n", response->status, outcome_reason(response->status));
	if (response->type)
		text_printf(text, "Content-Type: %s\r\n", response->type);
	if (response->length != RESPONSE_NO_LENGTH)
		text_printf(text, "Content-Length: %" PRIu64 "\r\n", response->length);
	if (response->status >= 400)
		text_puts(text, "Cache-Control: no-store\r\n");
	else if (response->cache_control)
		text_printf(text, "Cache-Control: %s\r\n", response->cache_control);
	if (response->status < 400)
		put_validators(text, response);
	else if (response->status == 416)
		text_printf(text, "Content-Range: bytes */%" PRIu64 "\r\n", response->range_size);
	if (response->stale && response->status < 400)
		text_printf(
			text, "Cache-Status: sluice; hit; ttl=-%" PRIu64 "\r\n", response->stale_s);
	if (response->varies)
		text_puts(text, "Vary: Accept\r\n");
	if (response->status == 405)
		text_puts(text, "Allow: GET, HEAD\r\n");
	if (response->retry_after_s)
		text_printf(text, "Retry-After: %u\r\n", response->retry_after_s);
	if (response->shown_id)
		text_printf(text, "X-Request-Id: %s\r\n", response->shown_id);
	if (response->server_timing)
		text_printf(text, "Server-Timing: %s\r\n", response->server_timing);
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

int response_send_short(struct fcgi_connection *connection, const struct response *response,
	int file, uint64_t offset)
{
	char buffer[FIELDS_MAX + RESPONSE_SHORT_MAX];
	struct text text;
	text_init(&text, buffer, FIELDS_MAX);
	put_fields(&text, response);
	if (text.overflow)
		return -EMSGSIZE;
	size_t have = 0;
	while (have < response->length) {
		ssize_t n = pread(file, buffer + text.len + have, response->length - have,
			(off_t)(offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		have += (size_t)n;
	}
	return fcgi_connection_write_last(connection, buffer, text.len + have);
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

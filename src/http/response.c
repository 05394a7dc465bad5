/* SPDX-License-Identifier: MIT */
/* Every value from outside was checked before: the media type comes from the configuration, the id
 * has safe characters only. So no value can add a field. */
#include "src/http/response.h"

#include <inttypes.h>

#include "base/text.h"
#include "src/http/date.h"
#include "src/http/outcome.h"

static void put_field(struct text *text, const char *name, const char *value)
{
	text_puts(text, name);
	text_puts(text, ": ");
	text_puts(text, value);
	text_puts(text, "\r\n");
}

/* What a later request can refer to (RFC 9110 §8.8, §14). */
static void put_validators(struct text *text, const struct response *response)
{
	if (response->etag && response->etag[0]) {
		char date[HTTP_DATE_MAX];
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

void response_fields(const struct response *response, struct text *text)
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
	if (response->cache_status)
		put_field(text, "Cache-Status", response->cache_status);
	if (response->policy)
		put_field(text, "Content-Security-Policy", response->policy);
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

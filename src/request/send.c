/* SPDX-License-Identifier: MIT */
/* What goes back for a request whose fate is known: an error, 304, a result or a part of one. The
 * fields are the same wherever the result comes from. */
#include "src/request/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "src/cache/cache.h"
#include "src/request/reply.h"

static const char *make_timing(struct request *request)
{
	struct access_times times = request->times;
	times.end = clock_now_us();
	access_server_timing(&times, request->timing);
	return request->timing;
}

/* What is out of date is nothing for the caches before us to keep; who may see it stays the same.
 */
static const char *cache_control_of(const struct request *request)
{
	const struct recipe *recipe = request->recipe;
	const char *value = recipe ? recipe->cache_control : NULL;
	if (!request->stale || (value && strcasestr(value, "no-store")))
		return value;
	return value && strcasestr(value, "private") ? "private, no-cache" : "no-cache";
}

static struct response make_response(struct request *request)
{
	return (struct response){
		.status = request->status,
		.length = RESPONSE_NO_LENGTH,
		.request_id = request->id,
		.shown_id = request->config->request_id ? request->id : NULL,
		.server_timing = request->config->server_timing ? make_timing(request) : NULL,
		.cache_control = cache_control_of(request),
		.stale = request->stale,
		.stale_s = request->stale_s,
		.varies = request->negotiated,
		.retry_after_s = request->retry_after_s,
		.etag = request->identity.etag,
		.modified = request->identity.modified,
	};
}

struct response request_good_response(struct request *request)
{
	request->status = 200;
	struct response response = make_response(request);
	response.type = request->type;
	return response;
}

static void send_error_of(struct request *request, uint64_t size)
{
	if (request->outcome == OUTCOME_OVERLOADED && request->retry_after_s == 0)
		request->retry_after_s = 1;
	if (request->status == 0)
		request->status = outcome_status(request->outcome);
	struct response response = make_response(request);
	response.range_size = size;
	const char *message = request->message && request->message[0]
				      ? request->message
				      : outcome_message(request->outcome);
	request->send_error =
		reply_send_error(request->connection, &response, message, request->head);
}

void request_send_error(struct request *request)
{
	send_error_of(request, 0);
}

/* The same answer as a good one, without what it is about (RFC 9110 §15.4.5). */
static void send_not_modified(struct request *request)
{
	request->status = 304;
	struct response response = make_response(request);
	request->send_error = reply_send_alone(request->connection, &response);
}

bool request_has_any(const struct request *request, const char *const *names)
{
	for (; *names; names++)
		if (fcgi_connection_param(request->connection, *names))
			return true;
	return false;
}

bool request_has_condition(const struct request *request)
{
	static const char *const names[] = {"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE",
		"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", NULL};
	return request_has_any(request, names);
}

bool request_send_condition(struct request *request)
{
	const struct fcgi_connection *connection = request->connection;
	const struct http_conditions conditions = {
		.if_match = fcgi_connection_param(connection, "HTTP_IF_MATCH"),
		.if_none_match = fcgi_connection_param(connection, "HTTP_IF_NONE_MATCH"),
		.if_modified_since = fcgi_connection_param(connection, "HTTP_IF_MODIFIED_SINCE"),
		.if_unmodified_since =
			fcgi_connection_param(connection, "HTTP_IF_UNMODIFIED_SINCE"),
	};
	const struct identity *identity = &request->identity;
	switch (http_check(&conditions, identity->etag, identity->modified)) {
	case HTTP_NOT_MODIFIED:
		send_not_modified(request);
		return true;
	case HTTP_PRECONDITION_FAILED:
		request->outcome = OUTCOME_PRECONDITION;
		request_send_error(request);
		return true;
	default:
		return false;
	}
}

/* The part of `size` bytes that the client wants (RFC 9110 §14.2: GET only). */
static enum http_range_verdict wanted_range(
	const struct request *request, uint64_t size, struct http_range *range)
{
	*range = (struct http_range){.length = size};
	const struct fcgi_connection *connection = request->connection;
	const struct identity *identity = &request->identity;
	if (request->head || !http_if_range(fcgi_connection_param(connection, "HTTP_IF_RANGE"),
				     identity->etag, identity->modified, time(NULL)))
		return HTTP_RANGE_NONE;
	return http_range_parse(fcgi_connection_param(connection, "HTTP_RANGE"), size, range);
}

void request_sending_failed(struct request *request, int r)
{
	request->send_error = r;
	if (r == -ENODATA || r == -EIO) {
		/* Not the peer's doing; it has been told of a length that it will never see. */
		request->outcome = OUTCOME_INTERNAL;
		text_puts(&request->reason, "sending: the result has become shorter");
		fcgi_connection_break(request->connection);
		request->broken = true;
		return;
	}
	request->outcome =
		r == -ECONNRESET || r == -ECANCELED ? OUTCOME_CLIENT_GONE : OUTCOME_SEND_FAILED;
	text_printf(&request->reason, "sending: %s", strerror(-r));
}

bool request_is_handed_over(const struct request *request, uint64_t size)
{
	const struct config *config = request->config;
	return config->cache_send && size >= config->cache_send_from_bytes;
}

/* Whether the web server sends a file that it can have. It looks at the client's conditions once
 * more then, and at ranges for the first time: what it would decide otherwise than we do, for want
 * of our tag and our sense of dates, is not left to it. */
static bool web_server_sends(
	const struct request *request, uint64_t size, enum http_range_verdict verdict)
{
	const struct fcgi_connection *connection = request->connection;
	if (!request_is_handed_over(request, size) || verdict == HTTP_RANGE_OUTSIDE ||
		fcgi_connection_param(connection, "HTTP_IF_MATCH") ||
		fcgi_connection_param(connection, "HTTP_IF_UNMODIFIED_SINCE"))
		return false;
	return verdict == HTTP_RANGE_GOOD || !fcgi_connection_param(connection, "HTTP_IF_RANGE");
}

/* Header fields alone: the web server sends the file, and sees to ranges itself. */
static int hand_over(struct request *request, struct response *response)
{
	static const char accel[] = "x-accel-redirect:";
	const struct config *config = request->config;
	char name[CACHE_NAME_MAX], place[PATH_MAX];
	cache_name(request->identity.key, name);
	bool is_accel = !strncmp(config->cache_send, accel, sizeof accel - 1);
	const char *base = is_accel ? config->cache_send + sizeof accel - 1 : config->cache_path;
	size_t length = strlen(base);
	while (length > 1 && base[length - 1] == '/')
		length--;
	if ((size_t)snprintf(place, sizeof place, "%.*s/%s", (int)length, base, name) >=
		sizeof place)
		return -EMSGSIZE;
	/* nginx says so itself, the others do not. */
	response->ranges = !is_accel;
	response->send_field = is_accel ? "X-Accel-Redirect" : "X-Sendfile";
	response->send_place = place;
	return reply_send_alone(request->connection, response);
}

static int send_good(struct request *request, const struct response *response, int file,
	const struct http_range *range)
{
	struct fcgi_connection *connection = request->connection;
	if (request->head)
		return reply_send_alone(connection, response);
	if (request->body)
		return reply_send_memory(connection, response, request->body + range->first);
	if (file >= 0 && range->length <= REPLY_SHORT_MAX)
		return reply_send_short(connection, response, file, range->first);
	int r = reply_send_header(connection, response);
	if (r < 0)
		return r;
	return file < 0 ? pump_send(&request->work->pump, range->first, range->length)
			: fcgi_connection_sendfile(
				  connection, file, (off_t)range->first, range->length);
}

void request_send_result(struct request *request, int file, uint64_t size, bool kept)
{
	struct http_range range;
	enum http_range_verdict verdict = wanted_range(request, size, &range);
	struct response response = request_good_response(request);
	response.ranges = true;
	int r;
	if (kept && web_server_sends(request, size, verdict)) {
		r = hand_over(request, &response);
	} else if (verdict == HTTP_RANGE_OUTSIDE) {
		request->outcome = OUTCOME_RANGE;
		request->status = 0;
		send_error_of(request, size);
		return;
	} else {
		response.length = range.length;
		if (verdict == HTTP_RANGE_GOOD) {
			response.status = request->status = 206;
			response.range = &range;
			response.range_size = size;
		}
		r = send_good(request, &response, file, &range);
	}
	if (r < 0)
		request_sending_failed(request, r);
}

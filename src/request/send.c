/* SPDX-License-Identifier: MIT */
/* Sends what is known: an error, 304, a result or a part of it. The header fields are the same
 * wherever the result comes from. */
#include "src/request/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "src/cache/cache.h"
#include "src/request/reply.h"

static const char *make_timing(struct request *request)
{
	struct access_times times = request->account.times;
	times.end = clock_now_us();
	access_server_timing(&times, request->delivery.timing);
	return request->delivery.timing;
}

/* A stale answer must not stay in the caches between us and the client, or go to a client that may
 * not see the fresh one. A result without a validator may be of a source that was overwritten while
 * the converter read it: it must not stay anywhere. */
static const char *cache_control_of(const struct request_decision *decision, bool stale)
{
	const char *value = decision->recipe ? decision->recipe->cache_control : NULL;
	if (!decision->identity.etag[0])
		return "no-store";
	if (!stale || (value && strcasestr(value, "no-store")))
		return value;
	return value && strcasestr(value, "private") ? "private, no-cache" : "no-cache";
}

static struct response make_response(struct request *request)
{
	const struct request_input *input = &request->input;
	const struct request_decision *decision = &request->decision;
	return (struct response){
		.status = request->account.status,
		.length = RESPONSE_NO_LENGTH,
		.request_id = input->id,
		.shown_id = request->config->request_id ? input->id : NULL,
		.server_timing = request->config->server_timing ? make_timing(request) : NULL,
		.cache_control = cache_control_of(decision, request->delivery.stale),
		.cache_status = request_cache_status(request),
		.varies = decision->negotiated,
		.retry_after_s = request->account.retry_after_s,
		.etag = decision->identity.etag,
		.modified = decision->identity.modified,
	};
}

struct response request_good_response(struct request *request)
{
	request->account.status = 200;
	struct response response = make_response(request);
	response.type = request->decision.type;
	return response;
}

/* size: of the result, for OUTCOME_RANGE. */
static void send_error(struct request *request, uint64_t size)
{
	struct request_account *account = &request->account;
	const char *message = request->decision.message;
	if ((account->outcome == OUTCOME_OVERLOADED || account->outcome == OUTCOME_CHANGING ||
		    account->outcome == OUTCOME_STORAGE_TIMEOUT) &&
		account->retry_after_s == 0)
		account->retry_after_s = 1;
	if (account->status == 0)
		account->status = outcome_status(account->outcome);
	struct response response = make_response(request);
	response.range_size = size;
	if (!message || !message[0])
		message = outcome_message(account->outcome);
	request->delivery.send_error = reply_send_error(
		request->input.connection, &response, message, request->input.head);
}

void request_send_error(struct request *request)
{
	send_error(request, 0);
}

void request_break(struct request *request)
{
	fcgi_connection_break(request->input.connection);
	request->delivery.broken = true;
}

/* The fields of a good answer without those about its content (RFC 9110 §15.4.5). */
static void send_not_modified(struct request *request)
{
	request->account.status = 304;
	struct response response = make_response(request);
	request->delivery.send_error = reply_send_alone(request->input.connection, &response);
}

void request_rate_tag(struct request *request, bool of_one_run)
{
	if (!of_one_run && !request->decision.recipe->deterministic)
		identity_weaken(&request->decision.identity);
}

bool request_has_any(const struct request_input *input, const char *const *names)
{
	for (; *names; names++)
		if (fcgi_connection_param(input->connection, *names))
			return true;
	return false;
}

bool request_has_condition(const struct request_input *input)
{
	static const char *const names[] = {"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE",
		"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", NULL};
	return request_has_any(input, names);
}

bool request_send_condition(struct request *request)
{
	const struct fcgi_connection *connection = request->input.connection;
	const struct http_conditions conditions = {
		.if_match = fcgi_connection_param(connection, "HTTP_IF_MATCH"),
		.if_none_match = fcgi_connection_param(connection, "HTTP_IF_NONE_MATCH"),
		.if_modified_since = fcgi_connection_param(connection, "HTTP_IF_MODIFIED_SINCE"),
		.if_unmodified_since =
			fcgi_connection_param(connection, "HTTP_IF_UNMODIFIED_SINCE"),
	};
	const struct identity *identity = &request->decision.identity;
	switch (http_check(&conditions, identity->etag, identity->modified)) {
	case HTTP_NOT_MODIFIED:
		send_not_modified(request);
		return true;
	case HTTP_PRECONDITION_FAILED:
		request->account.outcome = OUTCOME_PRECONDITION;
		request_send_error(request);
		return true;
	default:
		return false;
	}
}

/* The part of `size` bytes that the client wants (RFC 9110 §14.2: GET only). */
static enum http_range_status wanted_range(
	const struct request *request, uint64_t size, struct http_range *range)
{
	*range = (struct http_range){.length = size};
	const struct fcgi_connection *connection = request->input.connection;
	const struct identity *identity = &request->decision.identity;
	/* Parts of two runs must not be put together. */
	if (request->input.head || !identity_is_strong(identity) ||
		!http_if_range(fcgi_connection_param(connection, "HTTP_IF_RANGE"), identity->etag))
		return HTTP_RANGE_NONE;
	return http_range_parse(fcgi_connection_param(connection, "HTTP_RANGE"), size, range);
}

void request_sending_failed(struct request *request, int r)
{
	struct request_account *account = &request->account;
	request->delivery.send_error = r;
	if (r == -ENODATA || r == -EIO) {
		/* The client waits for as many bytes as Content-Length has promised. */
		account->outcome = OUTCOME_INTERNAL;
		text_puts(&account->reason, "sending: the result has become shorter");
		request_break(request);
		return;
	}
	account->outcome =
		r == -ECONNRESET || r == -ECANCELED ? OUTCOME_CLIENT_GONE : OUTCOME_SEND_FAILED;
	text_printf(&account->reason, "sending: %s", strerror(-r));
}

void request_send_live_head(struct request *request)
{
	struct response response = request_good_response(request);
	int r = reply_send_header(request->input.connection, &response);
	if (r < 0)
		request_sending_failed(request, r);
}

bool request_is_handed_over(const struct config *config, uint64_t size)
{
	return config->cache_send && size >= config->cache_send_from_bytes;
}

/* Whether the web server sends a file of the cache itself. It evaluates the client's conditions
 * again then, and it alone evaluates the ranges. It knows neither our entity tag nor our date, so
 * requests that it could decide differently are not handed over. */
static bool web_server_sends(
	const struct request *request, uint64_t size, enum http_range_status verdict)
{
	const struct fcgi_connection *connection = request->input.connection;
	if (!request_is_handed_over(request->config, size) || verdict == HTTP_RANGE_OUTSIDE ||
		fcgi_connection_param(connection, "HTTP_IF_MATCH") ||
		fcgi_connection_param(connection, "HTTP_IF_UNMODIFIED_SINCE") ||
		fcgi_connection_param(connection, "HTTP_IF_MODIFIED_SINCE"))
		return false;
	return verdict == HTTP_RANGE_GOOD || !fcgi_connection_param(connection, "HTTP_IF_RANGE");
}

/* Sends header fields alone: the web server adds the file, or the ranges of it. */
static int hand_over(struct request *request, struct response *response)
{
	static const char accel[] = "x-accel-redirect:";
	const struct config *config = request->config;
	char name[CACHE_NAME_MAX], location[PATH_MAX];
	cache_name(request->decision.identity.key, name);
	bool is_accel = !strncmp(config->cache_send, accel, sizeof accel - 1);
	const char *base = is_accel ? config->cache_send + sizeof accel - 1
				    : cache_path(request->service->sharing.cache);
	size_t length = strlen(base);
	while (length > 1 && base[length - 1] == '/')
		length--;
	if ((size_t)snprintf(location, sizeof location, "%.*s/%s", (int)length, base, name) >=
		sizeof location)
		return -EMSGSIZE;
	/* nginx adds Accept-Ranges itself, the other servers do not. */
	response->ranges = !is_accel;
	response->send_field = is_accel ? "X-Accel-Redirect" : "X-Sendfile";
	response->send_place = location;
	return reply_send_alone(request->input.connection, response);
}

static int send_good(struct request *request, const struct response *response, int file,
	const struct http_range *range)
{
	struct fcgi_connection *connection = request->input.connection;
	if (request->input.head)
		return reply_send_alone(connection, response);
	if (request->delivery.body)
		return reply_send_memory(
			connection, response, request->delivery.body + range->first);
	if (file >= 0 && range->length <= REPLY_SHORT_MAX)
		return reply_send_short(connection, response, file, range->first);
	int r = reply_send_header(connection, response);
	if (r < 0)
		return r;
	return file < 0 ? pump_send(&request->delivery.run.work->pump, range->first, range->length)
			: fcgi_connection_sendfile(
				  connection, file, (off_t)range->first, range->length);
}

void request_send_result(struct request *request, int file, uint64_t size, bool kept)
{
	struct http_range range;
	struct identity *identity = &request->decision.identity;
	request_find_type(request, file, size);
	request_rate_tag(request, kept);
	enum http_range_status verdict = wanted_range(request, size, &range);
	struct response response = request_good_response(request);
	response.ranges = identity_is_strong(identity);
	int r;
	if (kept && web_server_sends(request, size, verdict)) {
		r = hand_over(request, &response);
	} else if (verdict == HTTP_RANGE_OUTSIDE) {
		request->account.outcome = OUTCOME_RANGE;
		request->account.status = 0;
		send_error(request, size);
		return;
	} else {
		response.length = range.length;
		if (verdict == HTTP_RANGE_GOOD) {
			response.status = request->account.status = 206;
			response.range = &range;
			response.range_size = size;
		}
		r = send_good(request, &response, file, &range);
	}
	if (r < 0)
		request_sending_failed(request, r);
}

/* SPDX-License-Identifier: MIT */
/* The steps of a request stand here in their order; what each of them does stands elsewhere. An
 * error is logged once, in the request's one line. */
#include "src/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "src/conversion.h"
#include "src/plan.h"
#include "src/pump.h"
#include "src/response.h"

enum { ID_MAX = 64, REASON_MAX = 512, URL_LOGGED_MAX = 512, WORDS_LOGGED_MAX = 1024 };

/* Some 60 KiB, too much for a worker's stack. */
struct request {
	struct service *service;
	struct config *config;
	struct fcgi_connection *connection;
	const char *method, *uri;
	bool head;
	char id[ID_MAX + 1];
	uint64_t start_us, queued_us, started_us, first_us;
	enum outcome outcome;
	int status;
	int send_error; /* -errno of the connection; 0: it is good */
	bool broken;	/* the stream was broken on purpose */
	unsigned retry_after_s;
	struct text reason;
	char reason_buffer[REASON_MAX];
	struct plan plan;
	bool converted; /* conversion was opened */
	struct conversion conversion;
	struct pump pump;
};

static bool is_id(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	return length > 0 && length <= ID_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

static void set_id(struct request *request)
{
	static const char *const names[] = {"HTTP_X_REQUEST_ID", "REQUEST_ID"};
	struct text text;
	text_init(&text, request->id, sizeof request->id);
	for (size_t i = 0; i < 2; i++) {
		const char *given = fcgi_connection_param(request->connection, names[i]);
		if (is_id(given)) {
			text_puts(&text, given);
			return;
		}
	}
	uint64_t random = 0;
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		random = clock_now_us();
	text_printf(&text, "%016" PRIx64, random);
}

static struct response make_response(const struct request *request)
{
	const struct recipe *recipe = request->plan.recipe;
	return (struct response){
		.status = request->status,
		.length = RESPONSE_NO_LENGTH,
		.request_id = request->id,
		.cache_control = recipe ? recipe->cache_control : NULL,
		.varies = request->plan.negotiated,
		.retry_after_s = request->retry_after_s,
	};
}

static int send_good_header(struct request *request, uint64_t length)
{
	request->status = 200;
	struct response response = make_response(request);
	response.type = recipe_media_type(request->plan.recipe, request->plan.values);
	response.length = length;
	return response_send_header(request->connection, &response);
}

static int begin_live(void *data)
{
	return send_good_header(data, RESPONSE_NO_LENGTH);
}

static void send_error(struct request *request)
{
	if (request->status == 0)
		request->status = outcome_status(request->outcome);
	struct response response = make_response(request);
	const char *message = request->plan.message[0] ? request->plan.message
						       : outcome_message(request->outcome);
	request->send_error =
		response_send_error(request->connection, &response, message, request->head);
}

static bool is_alive(void *data)
{
	struct request *request = data;
	int r = fcgi_connection_read(request->connection);
	request->pump.aborted = r == -ECANCELED;
	return r == 0 || r == -EAGAIN;
}

static enum outcome enter(struct request *request, struct admission_pass *pass)
{
	const struct recipe *recipe = request->plan.recipe;
	struct admission_request wanted = {
		.recipe = recipe->name,
		.live = recipe->response == RECIPE_LIVE,
		.slots = recipe->slots,
		.total_slots = request->config->slots,
		.queue = recipe->queue,
		.deadline_ms = clock_now_ms() + recipe->queue_timeout_ms,
		.watch_fd = fcgi_connection_get_fd(request->connection),
		.alive = is_alive,
		.data = request,
	};
	int r = admission_enter(
		request->service->admission, &wanted, pass, &request->retry_after_s);
	request->started_us = clock_now_us();
	switch (r) {
	case 0:
		return OUTCOME_OK;
	case ADMISSION_E_FULL:
		return OUTCOME_QUEUE_FULL;
	case ADMISSION_E_TIMEOUT:
		return OUTCOME_QUEUE_TIMEOUT;
	case ADMISSION_E_GONE:
		text_puts(&request->reason, "client hung up in the queue");
		return OUTCOME_CLIENT_GONE;
	default:
		text_printf(&request->reason, "admission: %s", strerror(-r));
		return OUTCOME_INTERNAL;
	}
}

/* Runs the programs; a whole answer is complete afterwards, a live one is sent. */
static enum outcome convert(struct request *request)
{
	struct admission_pass pass = {0};
	enum outcome outcome = enter(request, &pass);
	if (outcome != OUTCOME_OK)
		return outcome;
	const struct recipe *recipe = request->plan.recipe;
	struct pump *pump = &request->pump;
	request->converted = true;
	outcome = conversion_open(
		&request->conversion, request->service, &request->plan, &request->reason);
	if (outcome == OUTCOME_OK) {
		pump->deadline_ms = clock_now_ms() + recipe->timeout_ms;
		pump->begin = begin_live;
		pump->data = request;
		outcome = recipe->response == RECIPE_LIVE ? pump_live(pump, &request->status)
							  : pump_collect(pump, &request->status);
		request->first_us = pump->first_us;
	}
	if (outcome != OUTCOME_OK)
		conversion_close(&request->conversion);
	/* The programs are gone: sending is no work of theirs, and a slow client holds no slot. */
	admission_leave(request->service->admission, &pass);
	return outcome;
}

static void finish_live(struct request *request)
{
	if (!request->pump.begun) {
		send_error(request);
	} else if (request->outcome != OUTCOME_OK) {
		fcgi_connection_break(request->connection);
		request->broken = true;
	}
}

static void finish_whole(struct request *request)
{
	if (request->outcome != OUTCOME_OK) {
		send_error(request);
		return;
	}
	int r = send_good_header(request, request->pump.bytes);
	if (r == 0 && !request->head)
		r = pump_send(&request->pump);
	request->send_error = r;
	if (r < 0) {
		request->outcome = r == -ECONNRESET || r == -ECANCELED ? OUTCOME_CLIENT_GONE
								       : OUTCOME_SEND_FAILED;
		text_printf(&request->reason, "sending: %s", strerror(-r));
	}
}

static void answer(struct request *request)
{
	const struct recipe *recipe = request->plan.recipe;
	if (request->outcome != OUTCOME_OK) {
		send_error(request);
		return;
	}
	bool live = recipe->response == RECIPE_LIVE;
	if (live && request->head) {
		request->send_error = send_good_header(request, RESPONSE_NO_LENGTH);
		return;
	}
	request->outcome = convert(request);
	if (request->outcome == OUTCOME_CLIENT_GONE || request->outcome == OUTCOME_SEND_FAILED)
		return;
	if (live)
		finish_live(request);
	else
		finish_whole(request);
}

static enum outcome plan(struct request *request)
{
	struct fcgi_connection *connection = request->connection;
	int r = fcgi_connection_begin(connection);
	fcgi_connection_set_splice(connection, request->config->splice);
	fcgi_connection_set_send_timeout(connection, request->config->send_timeout_ms);
	set_id(request);
	request->method = fcgi_connection_param(connection, "REQUEST_METHOD");
	request->uri = fcgi_connection_param(connection, "REQUEST_URI");
	request->head = request->method && !strcmp(request->method, "HEAD");
	enum outcome outcome = plan_make(&request->plan, request->config, request->method,
		request->uri, fcgi_connection_param(connection, "HTTP_ACCEPT"));
	if (r == 0)
		return outcome;
	request->plan.message[0] = '\0';
	return r == -E2BIG ? OUTCOME_FIELDS_TOO_LARGE : OUTCOME_BAD_REQUEST;
}

static void log_request(struct request *request)
{
	char buffer[4096];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	struct fcgi_connection_stats stats = fcgi_connection_get_stats(request->connection);
	uint64_t now_us = clock_now_us();
	int status = request->status ? request->status : outcome_status(request->outcome);
	text_printf(&text, "request id=%s method=", request->id);
	text_escaped(&text, request->method ? request->method : "-", 16);
	text_puts(&text, " url=\"");
	text_escaped(&text, request->uri ? request->uri : "-", URL_LOGGED_MAX);
	text_printf(&text, "\" recipe=%s status=%d outcome=%s",
		request->plan.recipe ? request->plan.recipe->name : "-", status,
		outcome_name(request->outcome));
	text_printf(&text, " bytes=%" PRIu64 " spliced=%" PRIu64 " copied=%" PRIu64,
		stats.spliced + stats.copied, stats.spliced, stats.copied);
	text_printf(&text, " total_ms=%.1f", (double)(now_us - request->start_us) / 1000);
	if (request->started_us)
		text_printf(&text, " queue_ms=%.1f",
			(double)(request->started_us - request->queued_us) / 1000);
	if (request->first_us)
		text_printf(&text, " first_ms=%.1f",
			(double)(request->first_us - request->started_us) / 1000);
	if (request->converted)
		text_printf(&text, " start=%s cpu_ms=%.1f peak_kib=%" PRIu64,
			conversion_start_name(&request->conversion),
			(double)conversion_cpu_us(&request->conversion) / 1000,
			conversion_peak_kib(&request->conversion));
	if (request->broken)
		text_puts(&text, " stream=broken");
	if (request->reason.len > 0) {
		text_puts(&text, " reason=\"");
		text_escaped(&text, request->reason.data, REASON_MAX);
		text_puts(&text, "\"");
	}
	if (request->converted && request->outcome != OUTCOME_OK &&
		request->conversion.words.length) {
		struct lastwords *words = &request->conversion.words;
		words->kept[words->length < LASTWORDS_KEPT ? words->length : LASTWORDS_KEPT - 1] =
			'\0';
		size_t length = strlen(words->kept);
		size_t from = length > WORDS_LOGGED_MAX ? length - WORDS_LOGGED_MAX : 0;
		text_puts(&text, " stderr=\"");
		text_escaped(&text, words->kept + from, WORDS_LOGGED_MAX);
		text_puts(&text, "\"");
	}
	log_write(status >= 500 && status != 503 ? LOG_LEVEL_ERROR
		  : request->broken		 ? LOG_LEVEL_WARNING
						 : LOG_LEVEL_INFO,
		"%s", text.data);
}

bool request_serve(
	struct service *service, struct config *config, struct fcgi_connection *connection)
{
	struct request *request = calloc(1, sizeof *request);
	if (!request) {
		request_refuse(connection);
		return false;
	}
	request->service = service;
	request->config = config;
	request->connection = connection;
	request->start_us = request->queued_us = clock_now_us();
	text_init(&request->reason, request->reason_buffer, sizeof request->reason_buffer);
	pump_init(&request->pump, &request->conversion, connection, CLOCK_NEVER, &request->reason);

	request->outcome = plan(request);
	request->queued_us = clock_now_us();
	answer(request);

	if (request->converted)
		conversion_close(&request->conversion);
	pump_clear(&request->pump);
	log_request(request);
	bool gone =
		request->outcome == OUTCOME_CLIENT_GONE || request->outcome == OUTCOME_SEND_FAILED;
	bool ended =
		!request->broken && request->send_error == 0 && (!gone || request->pump.aborted);
	plan_clear(&request->plan);
	free(request);
	return ended && fcgi_connection_end(connection) == 0;
}

void request_refuse(struct fcgi_connection *connection)
{
	struct response response = {.status = outcome_status(OUTCOME_OVERLOADED),
		.request_id = "-",
		.retry_after_s = 1};
	fcgi_connection_begin(connection);
	fcgi_connection_set_deadline(connection, 0);
	response_send_error(connection, &response, outcome_message(OUTCOME_OVERLOADED), false);
	fcgi_connection_end(connection);
}

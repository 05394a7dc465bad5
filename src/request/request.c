/* SPDX-License-Identifier: MIT */
/* The steps of a request stand here in their order; what each of them does stands elsewhere. An
 * error is logged once, in the request's one line. */
#include "src/request/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/admission/limits.h"
#include "src/request/reply.h"

static int begin_live(void *data)
{
	struct request *request = data;
	struct response response = request_good_response(request);
	return reply_send_header(request->connection, &response);
}

static bool is_alive(void *data)
{
	struct request *request = data;
	int r = fcgi_connection_read(request->connection);
	request->aborted = r == -ECANCELED;
	return r == 0 || r == -EAGAIN;
}

bool request_is_refused(const struct request *request, unsigned *retry_after_s)
{
	const struct admission_request wanted = limits_request(request->config, request->recipe);
	bool converts = request->recipe->response == RECIPE_WHOLE || !request->head;
	return converts && admission_refuses(request->service->admission, &wanted, retry_after_s);
}

bool request_refuses(struct request *request)
{
	unsigned retry_after_s;
	if (!request_is_refused(request, &retry_after_s))
		return false;
	request->times.entered = clock_now_us();
	request->retry_after_s = retry_after_s;
	request->outcome = OUTCOME_QUEUE_FULL;
	request->cache = request_is_shared(request) &&
					 sharing_store(&request->service->sharing, request->recipe)
				 ? ACCESS_CACHE_MISS
				 : ACCESS_CACHE_OFF;
	request_send_error(request);
	return true;
}

static enum outcome enter(struct request *request, struct admission_pass *pass)
{
	struct admission_request wanted = limits_request(request->config, request->recipe);
	wanted.watch_fd = fcgi_connection_get_fd(request->connection);
	wanted.alive = is_alive;
	wanted.data = request;
	atomic_store(&request->progress.phase, PROGRESS_QUEUED);
	int r = admission_enter(
		request->service->admission, &wanted, pass, &request->retry_after_s);
	request->times.entered = clock_now_us();
	return limits_outcome(r, "client hung up in the queue", &request->reason);
}

static enum outcome run(struct request *request)
{
	const struct recipe *recipe = request->plan->recipe;
	struct conversion *conversion = &request->work->conversion;
	struct pump *pump = &request->work->pump;
	pump_init(pump, conversion, request->connection, &request->progress, &request->reason);
	request->ran = conversion;
	atomic_store(&request->progress.phase, PROGRESS_STARTING);
	enum outcome outcome = conversion_open(
		conversion, &request->service->starter, request->plan, &request->reason);
	if (outcome == OUTCOME_OK) {
		request->times.running = clock_now_us();
		conversion_show(conversion, &request->progress);
		pump->deadline_ms = clock_now_ms() + recipe->timeout_ms;
		pump->begin = begin_live;
		pump->data = request;
		outcome = recipe->response == RECIPE_LIVE ? pump_live(pump, &request->status)
							  : pump_collect(pump, &request->status);
		request->times.first = pump->first_us;
		request->aborted = request->aborted || pump->aborted;
	}
	pump_settle(pump);
	if (outcome != OUTCOME_OK)
		conversion_close(conversion);
	request->times.done = clock_now_us();
	progress_end(&request->progress, pump->bytes);
	return outcome;
}

/* Runs the programs; a whole answer is complete afterwards, a live one is sent. */
static enum outcome convert(struct request *request)
{
	struct admission_pass pass = {0};
	enum outcome outcome = enter(request, &pass);
	if (outcome != OUTCOME_OK)
		return outcome;
	request->work = calloc(1, sizeof *request->work);
	outcome = request->work ? run(request) : OUTCOME_OVERLOADED;
	/* The programs are gone: sending is no work of theirs, and a slow client holds no slot. */
	admission_leave(request->service->admission, &pass);
	return outcome;
}

static void finish_live(struct request *request)
{
	if (!request->work || !request->work->pump.begun) {
		request_send_error(request);
	} else if (request->outcome != OUTCOME_OK) {
		fcgi_connection_break(request->connection);
		request->broken = true;
	}
}

static void finish_whole(struct request *request)
{
	/* A source that was overwritten meanwhile: nobody knows what the converter has read. */
	if (!identity_holds(request->plan))
		request->identity.etag[0] = '\0';
	source_close(&request->plan->source);
	if (request->outcome == OUTCOME_OK)
		request_send_result(request, -1, request->work->pump.bytes, false);
	else
		request_send_error(request);
}

static void deliver(struct request *request)
{
	if (request->outcome == OUTCOME_CLIENT_GONE || request->outcome == OUTCOME_SEND_FAILED)
		return;
	if (request->plan->recipe->response == RECIPE_LIVE)
		finish_live(request);
	else
		finish_whole(request);
}

static void answer(struct request *request)
{
	const struct recipe *recipe = request->recipe;
	if (request->outcome != OUTCOME_OK) {
		request_send_error(request);
		return;
	}
	if (!request_is_shared(request) && !request_has_condition(request) &&
		request_refuses(request))
		return;
	bool valid = identity_make(request->plan, &request->identity) == 0;
	if (valid)
		request_remember(request, -1, 0);
	if (valid && request_send_condition(request))
		return;
	/* Up to here it was cheap. */
	request->has_place = admission_take_place(request->service->admission);
	if (!request->has_place) {
		request->outcome = OUTCOME_OVERLOADED;
		text_puts(&request->reason, "no place is free");
		request_send_error(request);
		return;
	}
	if (valid && request_is_shared(request)) {
		request_answer_shared(request);
		return;
	}
	if (recipe->response == RECIPE_LIVE && request->head) {
		request->send_error = begin_live(request);
		return;
	}
	request->cache = ACCESS_CACHE_OFF;
	request->running = (struct in_flight_entry){
		.id = request->id,
		.recipe = recipe->name,
		.source = request->plan->source_name,
		.since_us = request->times.start,
		.progress = &request->progress,
	};
	in_flight_enter(request->service->observer.in_flight, &request->running);
	request->outcome = convert(request);
	deliver(request);
	in_flight_leave(request->service->observer.in_flight, &request->running);
}

static enum outcome plan(struct request *request)
{
	if (request->begin_error)
		return request->begin_error == -E2BIG ? OUTCOME_FIELDS_TOO_LARGE
						      : OUTCOME_BAD_REQUEST;
	struct plan *plan = malloc(sizeof *plan); /* 27 KiB, of which most requests need little */
	if (!plan) {
		text_puts(&request->reason, "no memory");
		return OUTCOME_OVERLOADED;
	}
	request->plan = plan;
	enum outcome outcome = plan_make(plan, request->config, request->method, request->uri,
		fcgi_connection_param(request->connection, "HTTP_ACCEPT"));
	request->recipe = plan->recipe;
	request->negotiated = plan->negotiated;
	request->message = plan->message;
	if (outcome == OUTCOME_OVERLOADED || outcome == OUTCOME_INTERNAL)
		text_printf(&request->reason, "source: %s", strerror(plan->error));
	if (outcome == OUTCOME_OK)
		request->type = recipe_media_type(plan->recipe, plan->values);
	return outcome;
}

struct request *request_new(
	struct service *service, struct config *config, struct fcgi_connection *connection)
{
	struct request *request = calloc(1, sizeof *request);
	if (!request)
		return NULL;
	request->times.start = clock_now_us();
	request->service = service;
	request->config = config_ref(config);
	request->connection = connection;
	request->kept_file = -1;
	text_init(&request->reason, request->reason_buffer, sizeof request->reason_buffer);
	request->begin_error = fcgi_connection_begin(connection);
	fcgi_connection_set_splice(connection, config->splice);
	fcgi_connection_set_send_timeout(connection, config->send_timeout_ms);
	request_id_make(fcgi_connection_param(connection, "HTTP_X_REQUEST_ID"),
		fcgi_connection_param(connection, "REQUEST_ID"), request->id);
	request->method = fcgi_connection_param(connection, "REQUEST_METHOD");
	request->uri = fcgi_connection_param(connection, "REQUEST_URI");
	request->head = request->method && !strcmp(request->method, "HEAD");
	return request;
}

void request_free(struct request *request)
{
	if (request->work)
		pump_clear(&request->work->pump);
	/* A plan that was taken goes with its share. */
	if (request->plan && !request->plan_taken) {
		plan_clear(request->plan);
		free(request->plan);
	}
	if (request->note)
		memo_release(request->note);
	share_leave(&request->waiter);
	fd_close(&request->kept_file);
	config_unref(request->config);
	free(request->work);
	free(request);
}

struct fcgi_connection *request_get_connection(const struct request *request)
{
	return request->connection;
}

void request_serve(struct request *request)
{
	if (!request_answer_from_memo(request)) {
		request->outcome = plan(request);
		request->times.planned = clock_now_us();
		answer(request);
	}
	if (request->work)
		conversion_close(&request->work->conversion);
	if (request->has_place)
		admission_give_place(request->service->admission);
}

void request_give_up(struct request *request)
{
	request->outcome = OUTCOME_OVERLOADED;
	text_puts(&request->reason, "no thread");
	fcgi_connection_set_deadline(request->connection, 0);
	request_send_error(request);
}

bool request_end(struct request *request)
{
	request_log(request);
	bool gone =
		request->outcome == OUTCOME_CLIENT_GONE || request->outcome == OUTCOME_SEND_FAILED;
	return !request->broken && request->send_error == 0 && (!gone || request->aborted);
}

void request_refuse(struct fcgi_connection *connection)
{
	struct response response = {.status = outcome_status(OUTCOME_OVERLOADED),
		.request_id = "-",
		.retry_after_s = 1};
	fcgi_connection_begin(connection);
	fcgi_connection_set_deadline(connection, 0);
	reply_send_error(connection, &response, outcome_message(OUTCOME_OVERLOADED), false);
	fcgi_connection_end(connection);
}

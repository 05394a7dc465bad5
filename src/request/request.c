/* SPDX-License-Identifier: MIT */
/*
 * The steps of a request, in their order. An error is logged once, in the request's one line.
 *
 * A request belongs to one thread at a time: the main thread makes it and may answer it at once;
 * otherwise a worker thread serves it. The request owns its plan, unless a shared run has taken it.
 * Everything else that it shares with other requests has its own lock: the service's parts, the
 * memo, the cache, the shared run.
 */
#include "src/request/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/request/reply.h"

static bool take_place(struct request *request)
{
	struct request_account *account = &request->account;
	request->delivery.has_place = admission_take_place(request->service->admission);
	if (request->delivery.has_place)
		return true;
	account->outcome = OUTCOME_OVERLOADED;
	text_puts(&account->reason, "no place is free");
	request_send_error(request);
	return false;
}

/* Whether its result goes to the store, so that every client gets the bytes of one run. */
static bool is_stored(const struct request *request)
{
	return request_is_shared(request) &&
	       sharing_store(&request->service->sharing, request->decision.recipe);
}

static void answer(struct request *request)
{
	struct request_decision *decision = &request->decision;
	if (request_plan_is_torn(request) && request_tries_again(request, 0))
		return;
	bool has_plan = request->account.outcome == OUTCOME_OK;
	if (!has_plan) {
		request_send_error(request);
		return;
	}
	bool shared = request_is_shared(request);
	if (!shared && !request_has_condition(&request->input) && request_refuse_early(request))
		return;
	/* A later write to the source might not change the identity: it has none. */
	bool valid = identity_make(decision->plan, &decision->identity) == 0 &&
		     decision->plan->source.quiet == QUIET;
	if (!valid)
		decision->identity.etag[0] = '\0';
	if (valid)
		request_rate_tag(request, is_stored(request));
	if (valid)
		request_remember(request, -1, 0);
	if (valid && request_send_condition(request))
		return;
	/* Everything before this needs no place, because it takes little time. */
	if (!take_place(request))
		return;
	if (valid && shared)
		request_answer_shared(request);
	else
		request_answer_alone(request);
}

/* Without a look at the source: the plan is not made, and not kept. */
static void drop_plan(struct request_decision *decision)
{
	free(decision->plan);
	decision->plan = NULL;
}

/* What the plan uses of the connection. The main thread may take that away meanwhile. */
struct asked {
	char *method, *uri, *accept; /* NULL: absent */
};

static void asked_free(struct asked *asked)
{
	free(asked->method);
	free(asked->uri);
	free(asked->accept);
}

static bool copy(const char *text, char **out)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

static bool copy_asked(const struct request_input *input, struct asked *asked)
{
	return copy(input->method, &asked->method) && copy(input->uri, &asked->uri) &&
	       copy(fcgi_connection_param(input->connection, "HTTP_ACCEPT"), &asked->accept);
}

/* Makes the plan. Meanwhile the main thread may answer the request: then nothing of it may be used
 * but the plan. Returns false then. */
static bool look_up(struct request *request, enum outcome *outcome)
{
	const struct request_input *input = &request->input;
	struct storage *storage = input->uri ? request->service->storage : NULL;
	struct asked asked = {0};
	bool copied = copy_asked(input, &asked), mine = true;
	*outcome = copied ? OUTCOME_STORAGE_TIMEOUT : OUTCOME_OVERLOADED;
	if (!copied || (storage && !storage_enter(storage, &request->wait, request, asked.uri,
					   &request->account.reason))) {
		drop_plan(&request->decision);
	} else {
		*outcome = plan_make(request->decision.plan, request->config, asked.method,
			asked.uri, asked.accept);
		mine = !storage || storage_leave(storage, &request->wait);
	}
	asked_free(&asked);
	return mine;
}

/* Returns false when the main thread has answered the request. */
static bool plan(struct request *request, enum outcome *outcome)
{
	const struct request_input *input = &request->input;
	struct request_decision *decision = &request->decision;
	if (input->error) {
		bool large = input->error == -E2BIG;
		text_puts(&request->account.reason, large ? "more than 64 KiB of FastCGI parameters"
							  : "malformed FastCGI parameters");
		*outcome = large ? OUTCOME_FIELDS_TOO_LARGE : OUTCOME_BAD_REQUEST;
		return true;
	}
	/* 27 KiB, of which most requests need little */
	struct plan *plan = decision->plan = malloc(sizeof *plan);
	if (!plan) {
		text_puts(&request->account.reason, "no memory");
		*outcome = OUTCOME_OVERLOADED;
		return true;
	}
	if (!look_up(request, outcome))
		return false;
	if (!decision->plan)
		return true;
	decision->recipe = plan->recipe;
	decision->negotiated = plan->negotiated;
	decision->message = plan->message;
	if (*outcome != OUTCOME_OK) {
		text_puts(&request->account.reason, plan->reason);
		return true;
	}
	decision->type = recipe_media_type(plan->recipe, plan->values);
	decision->sniffs = plan->recipe->response == RECIPE_WHOLE &&
			   !recipe_knows_type(plan->recipe, plan->values);
	plan->reading = request_reading(request);
	plan->until_ms = request->delivery.until_ms;
	return true;
}

static void read_input(struct request_input *input, struct fcgi_connection *connection)
{
	input->connection = connection;
	input->error = fcgi_connection_begin(connection);
	request_id_make(fcgi_connection_param(connection, "HTTP_X_REQUEST_ID"),
		fcgi_connection_param(connection, "REQUEST_ID"), input->id);
	input->method = fcgi_connection_param(connection, "REQUEST_METHOD");
	input->uri = fcgi_connection_param(connection, "REQUEST_URI");
	input->head = input->method && !strcmp(input->method, "HEAD");
}

struct request *request_new(
	struct service *service, struct config *config, struct fcgi_connection *connection)
{
	struct request *request = calloc(1, sizeof *request);
	if (!request)
		return NULL;
	struct request_account *account = &request->account;
	account->times.start = clock_now_us();
	text_init(&account->reason, account->reason_buffer, sizeof account->reason_buffer);
	request->service = service;
	request->config = config_ref(config);
	request->delivery.kept_file = -1;
	read_input(&request->input, connection);
	fcgi_connection_set_splice(connection, config->splice);
	fcgi_connection_set_send_timeout(connection, config->send_timeout_ms);
	return request;
}

void request_free(struct request *request)
{
	struct request_decision *decision = &request->decision;
	struct request_delivery *delivery = &request->delivery;
	run_free(&delivery->run);
	if (decision->plan && !decision->plan_taken) {
		plan_clear(decision->plan);
		free(decision->plan);
	}
	if (decision->note)
		memo_release(decision->note);
	share_leave(&delivery->waiter);
	fd_close(&delivery->kept_file);
	config_unref(request->config);
	free(request);
}

struct fcgi_connection *request_get_connection(const struct request *request)
{
	return request->input.connection;
}

/* The look-up is over, or there was none. */
static void settle(const struct request *request)
{
	if (request->service->storage)
		storage_settle(request->service->storage);
}

/* Returns false when the main thread has answered the request. */
static bool plan_and_answer(struct request *request)
{
	enum outcome outcome = OUTCOME_OK;
	bool mine = plan(request, &outcome);
	settle(request);
	if (!mine)
		return false;
	request->account.outcome = outcome;
	request->account.times.planned = clock_now_us();
	answer(request);
	return true;
}

bool request_serve(struct request *request)
{
	bool answered = request_answer_from_memo(request), mine = true;
	if (answered)
		settle(request);
	else
		while ((mine = plan_and_answer(request)) && request->delivery.again)
			request_begin_anew(request);
	if (!mine)
		return false;
	run_close(&request->delivery.run);
	if (request->delivery.has_place)
		admission_give_place(request->service->admission);
	return true;
}

void request_time_out(struct request *request)
{
	struct request_account *account = &request->account;
	uint64_t waited_ms = clock_now_ms() - request->wait.since_ms;
	account->outcome = OUTCOME_STORAGE_TIMEOUT;
	text_puts(&account->reason, "storage: ");
	text_escaped(&account->reason, request->wait.directory, STORAGE_NAME_MAX);
	text_printf(&account->reason, " has not answered for %llu seconds",
		(unsigned long long)waited_ms / 1000);
	fcgi_connection_set_deadline(request->input.connection, 0);
	request_send_error(request);
}

void request_give_up(struct request *request)
{
	request->account.outcome = OUTCOME_OVERLOADED;
	text_puts(&request->account.reason, "no thread");
	fcgi_connection_set_deadline(request->input.connection, 0);
	request_send_error(request);
}

bool request_is_sound(const struct request *request)
{
	const struct request_delivery *delivery = &request->delivery;
	enum outcome outcome = request->account.outcome;
	bool gone = outcome == OUTCOME_CLIENT_GONE || outcome == OUTCOME_SEND_FAILED;
	return !delivery->broken && delivery->send_error == 0 && (!gone || delivery->aborted);
}

void request_cut(struct request *request, int error)
{
	struct request_account *account = &request->account;
	if (error != -EAGAIN) {
		request_sending_failed(request, error);
		return;
	}
	account->outcome = OUTCOME_OVERLOADED;
	account->status = 0;
	text_puts(&account->reason, "no place is free to send the rest; the connection is cut");
	request->delivery.broken = true;
}

bool request_end(struct request *request)
{
	request_log(request);
	return request_is_sound(request);
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

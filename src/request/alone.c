/* SPDX-License-Identifier: MIT */
/* A request whose result is for one client: the request's own thread runs the conversion. A whole
 * result is complete before it is sent; a live one is sent by the pump. */
#include "src/request/internal.h"

#include "src/request/reply.h"

static int begin_live(void *data)
{
	struct request *request = data;
	if (request->decision.plan->reading == PLAN_READ_CHANGING)
		request->decision.identity.etag[0] = '\0';
	struct response response = request_good_response(request);
	return reply_send_header(request->input.connection, &response);
}

static enum outcome move(void *data, struct pump *pump, int *status)
{
	struct request *request = data;
	pump->begin = begin_live;
	pump->data = request;
	return request->decision.recipe->response == RECIPE_LIVE ? pump_live(pump, status)
								 : pump_collect(pump, status);
}

static void convert(struct request *request)
{
	struct request_account *account = &request->account;
	struct run *run = &request->delivery.run;
	*run = (struct run){
		.admission = request->service->admission,
		.starter = &request->service->starter,
		.plan = request->decision.plan,
		.connection = request->input.connection,
		.abandoned = -1,
		.move = move,
		.data = request,
		.times = &account->times,
		.progress = &account->progress,
		.reason = &account->reason,
		.status = &account->status,
		.retry_after_s = &account->retry_after_s,
	};
	account->outcome = run_convert(run);
	account->ran = run_get_conversion(run);
	request->delivery.aborted = run->aborted;
}

static bool tries_again(struct request *request)
{
	if (request->account.outcome != OUTCOME_CHANGING)
		return false;
	request->account.status = 0;
	return request_tries_again(request, request->delivery.run.until_ms);
}

static void finish_live(struct request *request)
{
	const struct run_work *work = request->delivery.run.work;
	const bool begun = work && work->pump.begun;
	if (!begun && tries_again(request))
		return;
	if (!begun)
		request_send_error(request);
	else if (request->account.outcome != OUTCOME_OK)
		request_break(request);
}

static void finish_whole(struct request *request)
{
	struct request_decision *decision = &request->decision;
	if (tries_again(request))
		return;
	/* The source has another content already, so the result must not be kept anywhere. */
	if (request->delivery.run.torn)
		decision->identity.etag[0] = '\0';
	/* Closing waits, too, when another machine's file system hangs: request_free does that. */
	if (decision->plan->source.local)
		source_close(&decision->plan->source);
	if (request->account.outcome == OUTCOME_OK)
		request_send_result(request, -1, request->delivery.run.work->pump.bytes, false);
	else
		request_send_error(request);
}

void request_answer_alone(struct request *request)
{
	struct request_account *account = &request->account;
	bool live = request->decision.recipe->response == RECIPE_LIVE;
	if (live && request->input.head) {
		request_send_live_head(request);
		return;
	}
	account->cache = ACCESS_CACHE_OFF;
	request_show(request, &account->progress);
	convert(request);
	if (account->outcome != OUTCOME_CLIENT_GONE && account->outcome != OUTCOME_SEND_FAILED) {
		if (live)
			finish_live(request);
		else
			finish_whole(request);
	}
	request_hide(request);
}

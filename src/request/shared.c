/* SPDX-License-Identifier: MIT */
/* A request whose result others may get, too. The cache may have the result. Otherwise the request
 * joins the run that makes it, or begins one as its leader (src/share). A live result is sent while
 * it grows, by each request at the speed of its own client. */
#include "src/request/internal.h"

#include <errno.h>
#include <string.h>

#include "src/cache/cache.h"
#include "src/request/reply.h"

/* Sends the result from before the source changed, with the validators of then. A refresh makes a
 * new result for later requests. Returns false when there is no older result. */
static bool send_older(struct request *request)
{
	struct request_decision *decision = &request->decision;
	struct request_delivery *delivery = &request->delivery;
	const struct sharing *sharing = &request->service->sharing;
	const struct plan *plan = decision->plan;
	struct identity *identity = &decision->identity;
	struct cache *cache = sharing_store(sharing, plan->recipe);
	struct cache_older older;
	if (!cache || plan->recipe->stale_ms == 0)
		return false;
	int file = cache_find_older(cache, identity->lineage, identity->key,
		plan->source.stat.st_ctim.tv_sec, plan->recipe->stale_ms / 1000, &older);
	if (file < 0)
		return false;
	struct plan *offered = decision->plan;
	share_refresh(&request->service->sharing, identity, &offered, request->input.uri,
		request->input.id, &delivery->waiter);
	decision->plan_taken = !offered;
	delivery->kept_file = file;
	delivery->stale = true;
	delivery->stale_s = older.stale_s;
	request->account.cache = ACCESS_CACHE_STALE;
	memcpy(identity->key, older.key, DIGEST_BYTES);
	identity_set_etag(identity);
	identity->modified = older.modified;
	if (!request_send_condition(request))
		request_send_result(request, file, older.length, true);
	return true;
}

/* The shared run has ended: takes over its outcome, and its cost if this request leads it. */
static void take_end(struct request *request, const struct share_state *state)
{
	struct request_account *account = &request->account;
	const struct share_waiter *waiter = &request->delivery.waiter;
	account->outcome = state->outcome;
	account->status = state->outcome == OUTCOME_MAPPED ? state->status : 0;
	account->retry_after_s = state->retry_after_s;
	if (state->found)
		account->cache = ACCESS_CACHE_HIT;
	if (state->outcome == OUTCOME_OK && !state->valid)
		request->decision.identity.etag[0] = '\0';
	if (!waiter->leader)
		return;
	account->ran = share_get_conversion(waiter);
	struct access_times times = share_get_times(waiter);
	times.start = account->times.start;
	times.planned = account->times.planned;
	account->times = times;
	text_puts(&account->reason, share_get_reason(waiter));
}

static void client_gone(struct request *request, int r)
{
	request->delivery.aborted = r == -ECANCELED;
	request->account.outcome = OUTCOME_CLIENT_GONE;
	text_puts(&request->account.reason,
		request->delivery.aborted ? "request aborted" : "client hung up");
}

/* Waits for news of the run. Returns false when the client has gone. */
static bool wait_for_news(struct request *request, struct share_state *state)
{
	int r = share_wait(&request->delivery.waiter, request->input.connection, state);
	if (r < 0)
		client_gone(request, r);
	return r >= 0;
}

/* Sends what has been added to the file. Returns 0 or -errno of the connection. */
static int send_grown(struct request *request, const struct share_state *state, uint64_t *sent)
{
	struct fcgi_connection *connection = request->input.connection;
	int r = 0;
	if (request_reading(request) == PLAN_READ_CHANGING)
		request->decision.identity.etag[0] = '\0';
	if (*sent == 0) {
		struct response response = request_good_response(request);
		r = reply_send_header(connection, &response);
	}
	if (r == 0)
		r = fcgi_connection_sendfile(
			connection, state->file, (off_t)*sent, state->length - *sent);
	*sent = state->length;
	return r;
}

static void finish_whole(struct request *request, const struct share_state *state)
{
	take_end(request, state);
	if (state->outcome == OUTCOME_CHANGING && request_tries_again(request, state->until_ms))
		return;
	request->delivery.stored = state->kept;
	if (request->account.outcome == OUTCOME_OK)
		request_send_result(request, state->file, state->length, state->kept);
	else
		request_send_error(request);
}

static void follow_live(struct request *request)
{
	struct share_state state = {.file = -1};
	uint64_t sent = 0;
	while (!state.ended) {
		if (!wait_for_news(request, &state))
			return;
		/* Complete before the first byte was sent: a whole result like any other. */
		if (state.ended && sent == 0 && state.outcome == OUTCOME_OK)
			break;
		int r = state.length > sent ? send_grown(request, &state, &sent) : 0;
		if (r < 0) {
			request_sending_failed(request, r);
			return;
		}
	}
	if (sent == 0) {
		finish_whole(request, &state);
		return;
	}
	take_end(request, &state);
	request->account.status = 200;
	if (request->account.outcome != OUTCOME_OK)
		request_break(request);
}

static void follow_whole(struct request *request)
{
	struct share_state state = {.file = -1};
	while (!state.ended)
		if (!wait_for_news(request, &state))
			return;
	finish_whole(request, &state);
}

static void joining_failed(struct request *request, int r)
{
	struct request_account *account = &request->account;
	bool full = r == SHARE_E_FULL;
	if (full)
		text_puts(&account->reason, "as many conversions wait as descriptors allow");
	else
		text_printf(&account->reason, "shared conversion: %s", strerror(-r));
	account->outcome = full ? OUTCOME_OVERLOADED : outcome_from_error(r);
	request_send_error(request);
}

/* Joins the run, or leads a new one. Returns false when neither was possible; then the request is
 * answered. */
static bool join(struct request *request)
{
	struct request_decision *decision = &request->decision;
	const struct share_waiter *waiter = &request->delivery.waiter;
	struct sharing *sharing = &request->service->sharing;
	struct plan *offered = decision->plan;
	int r = share_join(sharing, &decision->identity, &offered, request->input.uri,
		&request->delivery.waiter);
	decision->plan_taken = !offered;
	if (r != 0) {
		joining_failed(request, r);
		return false;
	}
	/* The leader's conversion has the source open. */
	if (!waiter->leader)
		source_close(&decision->plan->source);
	bool cached = sharing_store(sharing, decision->recipe);
	request->account.cache = !waiter->leader ? ACCESS_CACHE_JOIN
				 : cached	 ? ACCESS_CACHE_MISS
						 : ACCESS_CACHE_OFF;
	return true;
}

/* A new run would be refused. Before the refusal the cache is asked once more: the run that was
 * under way may just have ended. */
static bool is_answered_early(struct request *request)
{
	unsigned retry_after_s;
	return !share_is_under_way(&request->service->sharing, &request->decision.identity) &&
	       request_is_refused(request, &retry_after_s) &&
	       (request_send_hit(request) || request_refuse_early(request));
}

void request_answer_shared(struct request *request)
{
	struct request_delivery *delivery = &request->delivery;
	struct progress *progress = &request->account.progress;
	bool live = request->decision.recipe->response == RECIPE_LIVE;
	if (request_send_hit(request)) {
		request_remember(request, delivery->kept_file, delivery->kept_length);
		return;
	}
	if (send_older(request))
		return;
	if (live && request->input.head) {
		request_send_live_head(request);
		return;
	}
	if (is_answered_early(request) || !join(request))
		return;
	atomic_store(&progress->phase, PROGRESS_QUEUED);
	request_show(request,
		delivery->waiter.leader ? share_get_progress(&delivery->waiter) : progress);
	if (live)
		follow_live(request);
	else
		follow_whole(request);
	request_hide(request);
}

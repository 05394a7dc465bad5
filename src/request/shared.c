/* SPDX-License-Identifier: MIT */
/* A result that is there is sent; one that is being made is waited for; only what is neither is
 * made. A live result is sent while it grows, by each request at its client's pace. */
#include "src/request/internal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/cache/cache.h"
#include "src/request/reply.h"

bool request_is_shared(const struct request *request)
{
	return request->service->sharing.table && request->recipe->join;
}

bool request_send_hit(struct request *request)
{
	struct cache *cache = sharing_store(&request->service->sharing, request->recipe);
	uint64_t size;
	int file = cache ? cache_find(cache, request->identity.key, &size) : -ENOENT;
	if (file < 0)
		return false;
	if (request->recipe->stale_ms > 0)
		cache_confirm(cache, request->identity.lineage, request->identity.key);
	request->kept_file = file;
	request->kept_length = size;
	request->cache = ACCESS_CACHE_HIT;
	request_send_result(request, file, size, true);
	return true;
}

/* The result from before the source changed, as it was then, while a new one is made for those who
 * come later. */
static bool send_older(struct request *request)
{
	const struct plan *plan = request->plan;
	struct identity *identity = &request->identity;
	struct cache *cache = sharing_store(&request->service->sharing, plan->recipe);
	struct cache_older older;
	if (!cache || plan->recipe->stale_ms == 0)
		return false;
	int file = cache_find_older(cache, identity->lineage, identity->key,
		plan->source.stat.st_ctim.tv_sec, plan->recipe->stale_ms / 1000, &older);
	if (file < 0)
		return false;
	struct plan *offered = request->plan;
	share_refresh(&request->service->sharing, identity, &offered, request->uri, request->id,
		&request->waiter);
	request->plan_taken = !offered;
	request->kept_file = file;
	request->cache = ACCESS_CACHE_STALE;
	request->stale = true;
	request->stale_s = older.stale_s;
	memcpy(identity->key, older.key, DIGEST_BYTES);
	identity_set_etag(identity);
	identity->modified = older.modified;
	if (!request_send_condition(request))
		request_send_result(request, file, older.length, true);
	return true;
}

/* The flight has ended: what it says becomes ours, and its cost is its leader's. */
static void take_end(struct request *request, const struct share_state *state)
{
	request->outcome = state->outcome;
	request->status = state->outcome == OUTCOME_MAPPED ? state->status : 0;
	request->retry_after_s = state->retry_after_s;
	if (state->found)
		request->cache = ACCESS_CACHE_HIT;
	if (state->outcome == OUTCOME_OK && !state->valid)
		request->identity.etag[0] = '\0';
	if (!request->waiter.leader)
		return;
	request->ran = share_get_conversion(&request->waiter);
	struct access_times times = share_get_times(&request->waiter);
	times.start = request->times.start;
	times.planned = request->times.planned;
	request->times = times;
	text_puts(&request->reason, share_get_reason(&request->waiter));
}

static void client_gone(struct request *request, int r)
{
	request->aborted = r == -ECANCELED;
	request->outcome = OUTCOME_CLIENT_GONE;
	text_puts(&request->reason, request->aborted ? "request aborted" : "client hung up");
}

static int send_grown(struct request *request, const struct share_state *state, uint64_t *sent)
{
	int r = 0;
	if (*sent == 0) {
		struct response response = request_good_response(request);
		r = reply_send_header(request->connection, &response);
	}
	if (r == 0)
		r = fcgi_connection_sendfile(
			request->connection, state->file, (off_t)*sent, state->length - *sent);
	*sent = state->length;
	return r;
}

static void follow_live(struct request *request)
{
	struct share_state state = {.file = -1};
	uint64_t sent = 0;
	for (;;) {
		int r = share_wait(&request->waiter, request->connection, &state);
		if (r < 0) {
			client_gone(request, r);
			return;
		}
		/* Complete before its first byte went out: then it is like any other. */
		if (state.ended && sent == 0 && state.outcome == OUTCOME_OK)
			break;
		if (state.length > sent) {
			r = send_grown(request, &state, &sent);
			if (r < 0) {
				request_sending_failed(request, r);
				return;
			}
		}
		if (state.ended)
			break;
	}
	take_end(request, &state);
	if (request->outcome == OUTCOME_OK && sent == 0) {
		request_send_result(request, state.file, state.length, state.kept);
	} else if (request->outcome != OUTCOME_OK && sent == 0) {
		request_send_error(request);
	} else if (request->outcome != OUTCOME_OK) {
		request->status = 200;
		fcgi_connection_break(request->connection);
		request->broken = true;
	} else {
		request->status = 200;
	}
}

static void follow_whole(struct request *request)
{
	struct share_state state = {.file = -1};
	while (!state.ended) {
		int r = share_wait(&request->waiter, request->connection, &state);
		if (r < 0) {
			client_gone(request, r);
			return;
		}
	}
	take_end(request, &state);
	if (request->outcome == OUTCOME_OK)
		request_send_result(request, state.file, state.length, state.kept);
	else
		request_send_error(request);
}

void request_answer_shared(struct request *request)
{
	const struct recipe *recipe = request->plan->recipe;
	if (request_send_hit(request)) {
		request_remember(request, request->kept_file, request->kept_length);
		return;
	}
	if (send_older(request))
		return;
	if (recipe->response == RECIPE_LIVE && request->head) {
		struct response response = request_good_response(request);
		int r = reply_send_header(request->connection, &response);
		if (r < 0)
			request_sending_failed(request, r);
		return;
	}
	/* The one that was under way may have landed since. */
	unsigned retry_after_s;
	if (!share_is_under_way(&request->service->sharing, &request->identity) &&
		request_is_refused(request, &retry_after_s) &&
		(request_send_hit(request) || request_refuses(request)))
		return;
	struct plan *offered = request->plan;
	int r = share_join(&request->service->sharing, &request->identity, &offered, request->uri,
		&request->waiter);
	request->plan_taken = !offered;
	if (r != 0) {
		if (r == SHARE_E_FULL)
			text_puts(
				&request->reason, "as many conversions wait as descriptors allow");
		else
			text_printf(&request->reason, "shared conversion: %s", strerror(-r));
		request->outcome = r == SHARE_E_FULL ? OUTCOME_OVERLOADED : outcome_from_error(r);
		request_send_error(request);
		return;
	}
	/* Somebody else's conversion has the source open, or its result makes ours unnecessary. */
	if (!request->waiter.leader)
		source_close(&request->plan->source);
	enum access_cache made = sharing_store(&request->service->sharing, recipe)
					 ? ACCESS_CACHE_MISS
					 : ACCESS_CACHE_OFF;
	request->cache = request->waiter.leader ? made : ACCESS_CACHE_JOIN;
	atomic_store(&request->progress.phase, PROGRESS_QUEUED);
	request->running = (struct in_flight_entry){
		.id = request->id,
		.recipe = recipe->name,
		.source = request->plan->source_name,
		.since_us = request->times.start,
		.progress = request->waiter.leader ? share_get_progress(&request->waiter)
						   : &request->progress,
	};
	in_flight_enter(request->service->observer.in_flight, &request->running);
	if (recipe->response == RECIPE_LIVE)
		follow_live(request);
	else
		follow_whole(request);
	in_flight_leave(request->service->observer.in_flight, &request->running);
}

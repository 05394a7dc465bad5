/* SPDX-License-Identifier: MIT */
/*
 * The fast path: a recently resolved identical request is answered on the main thread, because
 * waking up a worker thread costs more than the answer. The memo (memo.h) knows what the request
 * was found to mean. Two cheap checks confirm that this still holds: the source and the result in
 * the cache are the same files as before.
 *
 * The main thread must not wait, and nothing here does. The source and the result are on local file
 * systems, and both were looked at less than MEMO_IDLE_MS ago. No file is read. What the web server
 * does not take at once is left to a worker thread (fcgi_connection_send_end).
 */
#include "src/request/internal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "src/cache/cache.h"

static bool is_kept(const struct request *request, const struct memo_note *note)
{
	return note->kept && request_is_shared(request) &&
	       sharing_store(&request->service->sharing, note->recipe);
}

/* Whether the result can be sent without opening it: the note has its content, or the web server
 * sends it. The web server only sends whole results. With `stale` a hit has more to do. */
static bool is_at_hand(const struct request *request, const struct memo_note *note)
{
	static const char *const names[] = {"HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MATCH",
		"HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE", NULL};
	const struct request_input *input = &request->input;
	if (!is_kept(request, note) || note->recipe->stale_ms > 0 || note->sniffs)
		return false;
	return note->body || input->head ||
	       (request_is_handed_over(request->config, note->file.length) &&
		       !request_has_any(input, names));
}

/* Takes the decision from the note. Returns false when the source has changed. */
static bool take_source(struct request *request, const struct memo_note *note)
{
	struct request_decision *decision = &request->decision;
	if (!source_is_same(request->config->root, note->name, &note->source)) {
		memo_forget(request->service->memo, note);
		return false;
	}
	decision->negotiated = note->negotiated;
	decision->type = note->type;
	decision->sniffs = note->sniffs;
	decision->identity = note->identity;
	request->account.times.planned = clock_now_us();
	return true;
}

/* The same for an answer about a result, which is another one when a program or a file that makes
 * it was replaced. A worker looks at those now and then, because that may wait for a disk. */
static bool take_note(struct request *request, const struct memo_note *note)
{
	return identity_has_makers_of(&note->identity, note->recipe) && take_source(request, note);
}

/* A refusal says nothing about a result. While all requests are refused, no worker looks at what
 * makes it. */
static bool refuse(struct request *request, const struct memo_note *note)
{
	unsigned retry_after_s;
	return !request_is_shared(request) && request_is_refused(request, &retry_after_s) &&
	       take_source(request, note) && request_refuse_early(request);
}

static bool send_at_hand(struct request *request, const struct memo_note *note)
{
	const struct service *service = request->service;
	if (!cache_holds(service->sharing.cache, note->identity.key, &note->file)) {
		memo_forget(service->memo, note);
		return false;
	}
	request->account.cache = ACCESS_CACHE_HIT;
	request->delivery.body = note->body;
	request_send_result(request, -1, note->file.length, true);
	request->delivery.body = NULL;
	memo_used(service->memo, note);
	return true;
}

static bool answer(struct request *request, const struct memo_note *note)
{
	bool at_hand = is_at_hand(request, note);
	if (!at_hand && !request_has_condition(&request->input))
		return refuse(request, note);
	return take_note(request, note) &&
	       (request_send_condition(request) || (at_hand && send_at_hand(request, note)) ||
		       (!request_is_shared(request) && request_refuse_early(request)));
}

/* No byte was sent: forgets the attempt. */
static void start_over(struct request *request)
{
	struct request_decision *decision = &request->decision;
	struct request_account *account = &request->account;
	decision->recipe = NULL;
	decision->negotiated = false;
	decision->type = NULL;
	decision->sniffs = false;
	decision->identity = (struct identity){0};
	account->outcome = OUTCOME_OK;
	account->status = 0;
	account->retry_after_s = 0;
	account->cache = ACCESS_CACHE_NONE;
	account->times.planned = 0;
	text_init(&account->reason, account->reason_buffer, sizeof account->reason_buffer);
	request->delivery.send_error = 0;
	if (request->delivery.has_place)
		admission_give_place(request->service->admission);
	request->delivery.has_place = false;
}

bool request_answer_at_once(struct request *request)
{
	const struct request_input *input = &request->input;
	if (input->error || !input->uri || !input->method ||
		(strcmp(input->method, "GET") != 0 && !input->head))
		return false;
	struct fcgi_connection *connection = input->connection;
	const struct memo_note *note = memo_find(request->service->memo, request->config,
		input->uri, fcgi_connection_param(connection, "HTTP_ACCEPT"));
	if (!note)
		return false;
	request->decision.note = note;
	request->decision.recipe = note->recipe;
	fcgi_connection_set_deadline(connection, 0);
	bool answered = answer(request, note) && request->delivery.send_error != -ENOMEM;
	fcgi_connection_set_deadline(connection, CLOCK_NEVER);
	if (!answered)
		start_over(request);
	return answered;
}

bool request_answer_from_memo(struct request *request)
{
	const struct memo_note *note = request->decision.note;
	if (!note)
		return false;
	request->decision.recipe = note->recipe;
	if (is_kept(request, note) && take_note(request, note)) {
		if (request_send_condition(request))
			return true;
		request->delivery.has_place = admission_take_place(request->service->admission);
		if (request->delivery.has_place && request_send_hit(request))
			return true;
	}
	start_over(request);
	return false;
}

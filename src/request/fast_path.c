/* SPDX-License-Identifier: MIT */
/* Answers that cost less than a thread's waking up: what the same request was found to mean a
 * moment ago is still known (memo.h), and two looks tell that it is still so. This is the loop's
 * thread, so nothing here waits: source and result lie on file systems of this machine, both were
 * looked at less than MEMO_IDLE_MS ago, no file is read, and what the web server does not take at
 * once is left to a worker (fcgi_connection_try_end). */
#include "src/request/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "src/cache/cache.h"
#include "src/share/coalesce.h"
#include "src/request/reply.h"

/* The result as the cache has it; a short one with its content, unless the web server sends it.
 * Returns the content, to be freed. */
static char *look_at(
	const struct request *request, struct memo_note *note, int file, uint64_t length)
{
	note->kept = cache_identify(file, &note->file) == 0 && note->file.length == length;
	if (!note->kept || length > REPLY_MEMORY_MAX || request_is_handed_over(request, length))
		return NULL;
	char *body = malloc(length ? length : 1);
	if (body && pread(file, body, length, 0) == (ssize_t)length)
		note->body = body;
	return body;
}

/* The note that the request was found by says so already. */
static bool is_remembered(const struct request *request, int file)
{
	const struct memo_note *note = request->note;
	return note && file < 0 && !memcmp(note->identity.key, request->identity.key, DIGEST_BYTES);
}

void request_remember(struct request *request, int file, uint64_t length)
{
	const struct plan *plan = request->plan;
	/* A time of the future is shown as now, whenever that is; a second source could appear at
	 * any time. */
	if (!request->service->memo || is_remembered(request, file) || plan->searched ||
		request->identity.modified != plan->source.stat.st_mtim.tv_sec ||
		!source_is_local(request->config->root, &plan->source))
		return;
	struct memo_note found = {
		.recipe = plan->recipe,
		.type = request->type,
		.negotiated = plan->negotiated,
		.source = plan->source.stat,
		.identity = request->identity,
		.name = plan->source_name,
	};
	char *body = file >= 0 ? look_at(request, &found, file, length) : NULL;
	memo_keep(request->service->memo, request->config, request->uri,
		fcgi_connection_param(request->connection, "HTTP_ACCEPT"), &found);
	free(body);
}

static bool is_kept(const struct request *request, const struct memo_note *note)
{
	return note->kept && request_is_shared(request) &&
	       sharing_store(&request->service->sharing, note->recipe);
}

/* Without opening it: we have it, or the web server sends it, as it does where nothing but the
 * whole is asked for. With `stale` a hit has more to do. */
static bool is_at_hand(const struct request *request, const struct memo_note *note)
{
	static const char *const names[] = {
		"HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", NULL};
	return is_kept(request, note) && note->recipe->stale_ms == 0 &&
	       (note->body || request->head ||
		       (request_is_handed_over(request, note->file.length) &&
			       !request_has_any(request, names)));
}

/* What there is to know of it. */
static bool memo(struct request *request, const struct memo_note *note)
{
	if (!source_is_same(request->config->root, note->name, &note->source)) {
		memo_forget(request->service->memo, note);
		return false;
	}
	request->negotiated = note->negotiated;
	request->type = note->type;
	request->identity = note->identity;
	request->times.planned = clock_now_us();
	return true;
}

static bool send_at_hand(struct request *request, const struct memo_note *note)
{
	const struct service *service = request->service;
	if (!cache_holds(service->sharing.cache, note->identity.key, &note->file)) {
		memo_forget(service->memo, note);
		return false;
	}
	request->cache = ACCESS_CACHE_HIT;
	request->body = note->body;
	request_send_result(request, -1, note->file.length, true);
	request->body = NULL;
	memo_used(service->memo, note);
	return true;
}

static bool answer(struct request *request, const struct memo_note *note)
{
	bool at_hand = is_at_hand(request, note);
	unsigned retry_after_s;
	if (!at_hand && !request_has_condition(request) &&
		(request_is_shared(request) || !request_is_refused(request, &retry_after_s)))
		return false;
	return memo(request, note) &&
	       (request_send_condition(request) || (at_hand && send_at_hand(request, note)) ||
		       (!request_is_shared(request) && request_refuses(request)));
}

/* Nothing was sent. */
static void begin_anew(struct request *request)
{
	request->recipe = NULL;
	request->negotiated = false;
	request->type = NULL;
	request->identity = (struct identity){0};
	request->outcome = OUTCOME_OK;
	request->status = 0;
	request->send_error = 0;
	request->retry_after_s = 0;
	request->cache = ACCESS_CACHE_NONE;
	request->times.planned = 0;
	if (request->has_place)
		admission_give_place(request->service->admission);
	request->has_place = false;
	text_init(&request->reason, request->reason_buffer, sizeof request->reason_buffer);
}

bool request_answer_at_once(struct request *request)
{
	if (request->begin_error || !request->uri || !request->method ||
		(strcmp(request->method, "GET") != 0 && !request->head))
		return false;
	struct fcgi_connection *connection = request->connection;
	const struct memo_note *note = memo_find(request->service->memo, request->config,
		request->uri, fcgi_connection_param(connection, "HTTP_ACCEPT"));
	if (!note)
		return false;
	request->note = note;
	request->recipe = note->recipe;
	fcgi_connection_set_deadline(connection, 0);
	bool answered = answer(request, note) && request->send_error != -ENOMEM;
	fcgi_connection_set_deadline(connection, CLOCK_NEVER);
	if (!answered)
		begin_anew(request);
	return answered;
}

bool request_answer_from_memo(struct request *request)
{
	const struct memo_note *note = request->note;
	if (!note)
		return false;
	request->recipe = note->recipe;
	if (is_kept(request, note) && memo(request, note)) {
		if (request_send_condition(request))
			return true;
		request->has_place = admission_take_place(request->service->admission);
		if (request->has_place && request_send_hit(request))
			return true;
	}
	begin_anew(request);
	return false;
}

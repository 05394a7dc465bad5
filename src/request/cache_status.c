/* SPDX-License-Identifier: MIT */
/* The field Cache-Status (RFC 9211) says what the store of results did for a request. For the field
 * a run of the converter is what a request to the next server is for a proxy. An answer that needed
 * neither a kept result nor a run has `detail` alone, with the outcome's name. */
#include "src/request/internal.h"

#include "base/text.h"

/* A 404 must not tell whether there is a recipe for the URL. */
static bool has_field(const struct request *request)
{
	return request->config->cache_status && request->decision.recipe &&
	       request->service->sharing.cache && request->account.outcome != OUTCOME_NOT_FOUND;
}

/* Whether a run was begun, or joined, or would have been. */
static bool is_forwarded(const struct request_account *account)
{
	return account->outcome != OUTCOME_QUEUE_FULL && account->cache != ACCESS_CACHE_NONE;
}

static void put_detail(struct text *text, const struct request *request)
{
	const struct request_account *account = &request->account;
	const char *detail = NULL;
	if (account->outcome != OUTCOME_OK)
		detail = outcome_name(account->outcome);
	else if (account->status == 304)
		detail = "not-modified";
	else if (account->cache == ACCESS_CACHE_NONE)
		detail = "head";
	if (detail)
		text_printf(text, "; detail=%s", detail);
}

const char *request_cache_status(struct request *request)
{
	const struct request_account *account = &request->account;
	struct request_delivery *delivery = &request->delivery;
	struct text text;
	if (!has_field(request))
		return NULL;
	text_init(&text, delivery->cache_status, sizeof delivery->cache_status);
	text_puts(&text, "sluice");
	if (delivery->stale) {
		text_puts(&text, "; hit; ttl=-");
		text_count(&text, delivery->stale_s);
	} else if (account->cache == ACCESS_CACHE_HIT) {
		text_puts(&text, "; hit");
	} else if (account->status == 304 && request->decision.recipe->cache) {
		/* RFC 9211 §2.1: a 304 that did not go forward is a hit. */
		text_puts(&text, "; hit");
		put_detail(&text, request);
	} else {
		if (is_forwarded(account))
			text_puts(&text,
				account->cache == ACCESS_CACHE_OFF ? "; fwd=bypass" : "; fwd=miss");
		if (delivery->stored)
			text_puts(&text, "; stored");
		if (account->cache == ACCESS_CACHE_JOIN)
			text_puts(&text, "; collapsed");
		put_detail(&text, request);
	}
	return delivery->cache_status;
}

/* SPDX-License-Identifier: MIT */
/* When the queue is full, a refusal needs neither a place nor the digest of the arguments. An
 * overloaded daemon refuses most requests, so refusals must be cheap. */
#include "src/request/internal.h"

#include "base/clock.h"
#include "src/admission/limits.h"

bool request_is_refused(const struct request *request, unsigned *retry_after_s)
{
	const struct recipe *recipe = request->decision.recipe;
	const struct admission_request wanted = limits_request(request->config, recipe);
	bool converts = recipe->response == RECIPE_WHOLE || !request->input.head;
	return converts && admission_refuses(request->service->admission, &wanted, retry_after_s);
}

bool request_refuse_early(struct request *request)
{
	struct request_account *account = &request->account;
	const struct sharing *sharing = &request->service->sharing;
	unsigned retry_after_s;
	if (!request_is_refused(request, &retry_after_s))
		return false;
	bool cached =
		request_is_shared(request) && sharing_store(sharing, request->decision.recipe);
	account->times.entered = clock_now_us();
	account->retry_after_s = retry_after_s;
	account->outcome = OUTCOME_QUEUE_FULL;
	text_puts(&account->reason, "the queue is full");
	account->cache = cached ? ACCESS_CACHE_MISS : ACCESS_CACHE_OFF;
	request_send_error(request);
	return true;
}

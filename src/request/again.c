/* SPDX-License-Identifier: MIT */
/* A source that is overwritten in place while programs read it gives a result that is neither of
 * the old content nor of the new one. It is converted once more then, from a copy. The request is
 * planned anew for that, because everything about the source may be another now: its type, its
 * size, its recipe, and with them the identity of the result. The waiters of a shared run do this
 * each for itself, and meet again in the next run.
 *
 * A copy takes a few milliseconds, so it is nearly always possible between two writes; it is tried
 * a few times. A picture that is never left alone is refused: half of it is a wrong picture. Other
 * sources are converted as they are, and the answer promises nothing. */
#include "src/request/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "src/convert/report.h"

enum { COPIES_MAX = 4 };

enum plan_reading request_reading(const struct request *request)
{
	const unsigned tries = request->delivery.tries;
	return tries == 0	     ? PLAN_READ_SOURCE
	       : tries <= COPIES_MAX ? PLAN_READ_COPY
				     : PLAN_READ_CHANGING;
}

bool request_tries_again(struct request *request, uint64_t until_ms)
{
	struct request_delivery *delivery = &request->delivery;
	if (delivery->until_ms == 0)
		delivery->until_ms = until_ms;
	const bool late = delivery->until_ms && clock_now_ms() >= delivery->until_ms;
	delivery->picture = delivery->picture || identity_may_be_picture(request->decision.plan);
	const bool last = delivery->tries == COPIES_MAX && delivery->picture;
	delivery->again = !late && !last && delivery->tries <= COPIES_MAX;
	return delivery->again;
}

bool request_plan_is_torn(struct request *request)
{
	const struct plan *plan = request->decision.plan;
	enum outcome *outcome = &request->account.outcome;
	if (!plan || plan->source.quiet != QUIET_NOT ||
		(*outcome != OUTCOME_SOURCE_TYPE && *outcome != OUTCOME_SOURCE_TOO_LARGE &&
			*outcome != OUTCOME_REFUSED))
		return false;
	*outcome = OUTCOME_CHANGING;
	request->decision.message = NULL;
	return true;
}

static uint64_t cost_of(struct conversion *conversion)
{
	struct access access = {.stderr_tail = ""};
	if (conversion)
		conversion_report(conversion, &access);
	return access.cpu_us;
}

void request_begin_anew(struct request *request)
{
	struct request_decision *decision = &request->decision;
	struct request_delivery *delivery = &request->delivery;
	struct request_account *account = &request->account;
	account->spent_us += cost_of(account->ran);
	account->ran = NULL;
	run_close(&delivery->run);
	run_free(&delivery->run);
	delivery->run = (struct run){0};
	if (!decision->plan_taken) {
		plan_clear(decision->plan);
		free(decision->plan);
	}
	decision->plan = NULL;
	decision->plan_taken = false;
	decision->message = NULL;
	share_leave(&delivery->waiter);
	delivery->waiter = (struct share_waiter){.event = -1};
	/* It is looked up once more, and waits for a place like any other. */
	if (request->service->storage)
		storage_expect(request->service->storage);
	request->wait = (struct storage_wait){0};
	if (delivery->has_place)
		admission_give_place(request->service->admission);
	delivery->has_place = false;
	delivery->tries++;
	delivery->again = false;
	account->status = 0;
	account->retry_after_s = 0;
	account->cache = ACCESS_CACHE_NONE;
	text_init(&account->reason, account->reason_buffer, sizeof account->reason_buffer);
}

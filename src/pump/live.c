/* SPDX-License-Identifier: MIT */
/* A live result for one client: each time the pipe has bytes, they become one FastCGI record. While
 * the web server takes no more, the pump does not read the pipe, and the program blocks in its
 * write. That is the back-pressure. */
#include "src/pump/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "src/plan/identity.h"

static void sending_failed(struct pump *pump, int r)
{
	if (r == -ETIME)
		pump_end(pump, OUTCOME_DEADLINE, SIGKILL, "deadline");
	else if (r == -ETIMEDOUT)
		pump_end(pump, OUTCOME_SEND_FAILED, SIGKILL, "web server stopped reading");
	else if (r == -ECANCELED)
		/* In the middle of a record: the stream cannot end in order any more. */
		pump_end(pump, OUTCOME_CLIENT_GONE, SIGKILL, "request aborted");
	else if (r == -ENODATA)
		pump_taken_back(pump);
	else if (r == -ESTALE)
		pump_end(pump, OUTCOME_CHANGING, SIGKILL,
			"the source was overwritten while it was converted");
	else if (r == -ECONNRESET)
		pump_end(pump, OUTCOME_CLIENT_GONE, SIGKILL, "client hung up");
	else
		pump_end(pump, OUTCOME_SEND_FAILED, SIGKILL, strerror(-r));
}

/* Reads the first bytes until there are enough for the answer to begin. Some programs write a
 * header before they have looked at the source: when such a program fails then, the client must get
 * an error and not a broken 200. Returns 1 when there are enough bytes, 0 when not yet, or -errno.
 */
static int hold_back(struct pump *pump, uint64_t size)
{
	uint64_t enough = pump->conversion->plan->recipe->begin_after_bytes;
	if (!pump->held && !(pump->held = malloc(RECIPE_BEGIN_MAX)))
		return -ENOMEM;
	uint64_t room = enough - pump->bytes;
	ssize_t n =
		read(pump->conversion->out, pump->held + pump->bytes, size < room ? size : room);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	pump->bytes += (uint64_t)n;
	return pump->bytes >= enough;
}

/* Sends the header fields and what was held back. They are a promise that cannot be taken back, so
 * this is the last moment to begin anew. Returns 0, -ESTALE when the source was overwritten, or
 * -errno of the connection. */
static int begin(struct pump *pump)
{
	const struct plan *plan = pump->conversion->plan;
	if (plan->reading == PLAN_READ_SOURCE && identity_check(plan) == 0 &&
		!identity_has_grown(plan))
		return -ESTALE;
	pump->begun = true;
	int r = pump->begin(pump->data);
	if (r == 0 && pump->held)
		r = fcgi_connection_write(pump->connection, pump->held, pump->bytes);
	free(pump->held);
	pump->held = NULL;
	return r;
}

/* Sends what is in the pipe. Returns false when there is no output, and there never will be. */
static bool forward(struct pump *pump)
{
	struct conversion *conversion = pump->conversion;
	uint64_t size = pump_bytes_in(conversion->out);
	uint64_t limit = conversion->plan->recipe->max_output_bytes;
	if (size == 0) {
		if (!pump->out_closed)
			pump_taken_back(pump);
		return false;
	}
	if (limit && pump->bytes + size > limit) {
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "limit: max_output");
		return false;
	}
	int r = 0;
	if (!pump->begun && pump->bytes < conversion->plan->recipe->begin_after_bytes) {
		r = hold_back(pump, size);
		if (r == 0)
			return true;
		if (r < 0) {
			pump_end(pump, OUTCOME_OVERLOADED, SIGKILL, strerror(-r));
			return false;
		}
		size = pump_bytes_in(conversion->out);
		r = 0;
	}
	if (!pump->begun)
		r = begin(pump);
	if (r == 0 && size > 0)
		r = fcgi_connection_splice(pump->connection, conversion->out, size);
	if (r < 0) {
		sending_failed(pump, r);
		return false;
	}
	pump->bytes += size;
	progress_set_bytes(pump->progress, pump->bytes);
	return true;
}

enum outcome pump_live(struct pump *pump, int *status)
{
	struct conversion *conversion = pump->conversion;
	fcgi_connection_set_deadline(pump->connection, pump->deadline_ms);
	enum outcome outcome = pump_watch(pump, EPOLLIN);
	if (outcome != OUTCOME_OK)
		return outcome;
	bool open = true;
	while (conversion->running > 0 || open) {
		bool ready = pump_step(pump);
		if (open && (pump->ended != OUTCOME_OK || (ready && !forward(pump)))) {
			pump_unwatch(pump, conversion->out);
			open = false;
		}
	}
	conversion_end(conversion);
	outcome = pump_classify(pump, status);
	if (outcome == OUTCOME_OK && !pump->begun) {
		int r = begin(pump);
		if (r < 0) {
			sending_failed(pump, r);
			outcome = pump->ended;
		}
	}
	fcgi_connection_set_deadline(pump->connection, CLOCK_NEVER);
	return outcome;
}

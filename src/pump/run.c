/* SPDX-License-Identifier: MIT */
#include "src/pump/run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "src/admission/limits.h"
#include "src/convert/report.h"

/* While the run waits in the queue. */
static bool is_wanted(void *data)
{
	struct run *run = data;
	if (!run->connection) {
		struct pollfd poll_fd = {.fd = run->abandoned, .events = POLLIN};
		return poll(&poll_fd, 1, 0) == 0;
	}
	int r = fcgi_connection_read(run->connection);
	run->aborted = r == -ECANCELED;
	return r == 0 || r == -EAGAIN;
}

static enum outcome enter(struct run *run, struct admission_pass *pass)
{
	struct admission_request wanted = limits_request(run->plan->config, run->plan->recipe);
	wanted.watch_fd =
		run->connection ? fcgi_connection_get_fd(run->connection) : run->abandoned;
	wanted.alive = is_wanted;
	wanted.data = run;
	atomic_store(&run->progress->phase, PROGRESS_QUEUED);
	int r = admission_enter(run->admission, &wanted, pass, run->retry_after_s);
	run->times->entered = clock_now_us();
	return limits_outcome(r,
		run->connection ? "client hung up in the queue" : "no client is left in the queue",
		run->reason);
}

static enum outcome move(struct run *run)
{
	struct conversion *conversion = &run->work->conversion;
	struct pump *pump = &run->work->pump;
	run->times->running = clock_now_us();
	conversion_show(conversion, run->progress);
	pump->abandoned = run->abandoned;
	pump->deadline_ms = clock_now_ms() + run->plan->recipe->timeout_ms;
	enum outcome outcome = run->move(run->data, pump, run->status);
	run->times->first = pump->first_us;
	run->aborted = run->aborted || pump->aborted;
	return outcome;
}

static enum outcome convert(struct run *run)
{
	struct conversion *conversion = &run->work->conversion;
	struct pump *pump = &run->work->pump;
	pump_init(pump, conversion, run->connection, run->progress, run->reason);
	atomic_store(&run->progress->phase, PROGRESS_STARTING);
	enum outcome outcome = conversion_open(conversion, run->starter, run->plan, run->reason);
	if (outcome == OUTCOME_OK)
		outcome = move(run);
	pump_settle(pump);
	if (outcome != OUTCOME_OK || !run->connection)
		conversion_close(conversion);
	run->times->done = clock_now_us();
	progress_end(run->progress, pump->bytes);
	return outcome;
}

enum outcome run_convert(struct run *run)
{
	struct admission_pass pass = {0};
	enum outcome outcome = enter(run, &pass);
	if (outcome != OUTCOME_OK)
		return outcome;
	run->work = calloc(1, sizeof *run->work);
	outcome = run->work ? convert(run) : OUTCOME_OVERLOADED;
	admission_leave(run->admission, &pass);
	return outcome;
}

struct conversion *run_get_conversion(const struct run *run)
{
	return run->work ? &run->work->conversion : NULL;
}

void run_close(struct run *run)
{
	if (run->work)
		conversion_close(&run->work->conversion);
}

void run_free(struct run *run)
{
	if (run->work)
		pump_clear(&run->work->pump);
	free(run->work);
	run->work = NULL;
}

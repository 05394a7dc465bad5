/* SPDX-License-Identifier: MIT */
#include "src/pump/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/clock.h"
#include "base/fd.h"
#include "src/admission/limits.h"
#include "src/convert/report.h"
#include "src/plan/identity.h"
#include "src/pump/spill.h"

/* A larger source is not copied. There are no more copies than conversions at once. */
enum { COPY_MAX = 256 << 20, COPY_NAME_MAX = 24 };

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

static uint64_t deadline_of(const struct plan *plan)
{
	const uint64_t until_ms = clock_now_ms() + plan->recipe->timeout_ms;
	return plan->until_ms && plan->until_ms < until_ms ? plan->until_ms : until_ms;
}

static enum outcome move(struct run *run)
{
	struct conversion *conversion = &run->work->conversion;
	struct pump *pump = &run->work->pump;
	run->times->running = clock_now_us();
	conversion_show(conversion, run->progress);
	pump->abandoned = run->abandoned;
	pump->deadline_ms = deadline_of(run->plan);
	run->until_ms = pump->deadline_ms;
	enum outcome outcome = run->move(run->data, pump, run->status);
	run->times->first = pump->first_us;
	run->aborted = run->aborted || pump->aborted;
	return outcome;
}

struct copy_call {
	int from, to, r;
	uint64_t size;
};

static void copy_work(void *data)
{
	struct copy_call *call = data;
	call->r = spill_copy(call->from, call->to, call->size);
}

static void copy_release(void *data)
{
	struct copy_call *call = data;
	fd_close(&call->from);
	fd_close(&call->to);
	free(call);
}

/* Until the deadline of the programs, where the file system of the source may hang. */
static int copy_aside(struct run *run, int file)
{
	const struct source *source = &run->plan->source;
	struct copy_call *call = calloc(1, sizeof *call);
	if (!call)
		return -ENOMEM;
	*call = (struct copy_call){.size = source->size};
	call->from = fcntl(source->fd, F_DUPFD_CLOEXEC, 3);
	call->to = fcntl(file, F_DUPFD_CLOEXEC, 3);
	int r = call->from < 0 || call->to < 0
			? -EMFILE
			: aside_run(copy_work, copy_release, call, deadline_of(run->plan));
	if (r == -ETIMEDOUT)
		return r;
	r = r == 0 ? call->r : r;
	copy_release(call);
	return r;
}

/* A thread has one run at a time. */
static void put_copy_name(char name[COPY_NAME_MAX])
{
	snprintf(name, COPY_NAME_MAX, "copy%d", gettid());
}

/* It has a name as long as the programs run: ImageMagick, for one, wants to know which file it is
 * that a path leads to, and takes none that is deleted. Returns a descriptor for reading, or
 * -errno. */
static int make_copy(struct run *run)
{
	char name[COPY_NAME_MAX];
	const struct source *source = &run->plan->source;
	const uint64_t limit = run->plan->recipe->temp_max_bytes;
	if (source->size > COPY_MAX || (limit && source->size > limit))
		return -EFBIG;
	put_copy_name(name);
	/* Not in a directory that is lost: it would stay there when the name is removed. */
	int r = temp_restore(&run->starter->temp);
	FD_CLEANUP int file = r < 0 ? r : spill_open_named(run->starter->temp.fd, name);
	r = file;
	if (r >= 0)
		r = source->local ? spill_copy(source->fd, file, source->size)
				  : copy_aside(run, file);
	return r < 0 ? r : fd_reopen(file, O_RDONLY);
}

static void remove_copy(const struct run *run)
{
	char name[COPY_NAME_MAX];
	put_copy_name(name);
	unlinkat(run->starter->temp.fd, name, 0);
}

/* Copies the source, so that nothing changes while the programs read it. A source that cannot be
 * copied for another reason than a change is read itself: it is very large, say. */
static enum outcome copy_source(struct run *run)
{
	struct source *source = &run->plan->source;
	int copy = source->quiet == QUIET_NOT ? -EAGAIN : make_copy(run);
	source->copy = copy < 0 ? -1 : copy;
	if (copy == -ETIMEDOUT) {
		text_puts(run->reason, "the source could not be copied in time");
		return OUTCOME_DEADLINE;
	}
	if (copy == -EFBIG) {
		run->plan->reading = PLAN_READ_CHANGING;
		return OUTCOME_OK;
	}
	run->torn = source->quiet == QUIET_NOT || identity_check(run->plan) != 1;
	if (run->torn) {
		text_puts(run->reason, "the source changes all the time");
		return OUTCOME_CHANGING;
	}
	if (copy < 0)
		run->plan->reading = PLAN_READ_CHANGING;
	return OUTCOME_OK;
}

/* Whether another content could have given another outcome. */
static bool is_about_source(enum outcome outcome)
{
	return outcome == OUTCOME_OK || outcome == OUTCOME_REFUSED || outcome == OUTCOME_MAPPED ||
	       outcome == OUTCOME_CRASHED || outcome == OUTCOME_LIMIT;
}

/* The programs have ended. */
static enum outcome check_source(struct run *run, enum outcome outcome)
{
	const struct plan *plan = run->plan;
	/* Otherwise no look is needed, and the file system of the source may hang. */
	if (!is_about_source(outcome))
		return outcome;
	const int held = identity_check(plan);
	run->torn = held != 1;
	if (held != 0 || plan->source.copy >= 0 || plan->reading == PLAN_READ_CHANGING ||
		(outcome == OUTCOME_OK && identity_has_grown(plan)))
		return outcome;
	text_init(run->reason, run->reason->data, run->reason->size);
	text_puts(run->reason, "the source was overwritten while it was converted");
	return OUTCOME_CHANGING;
}

static enum outcome convert(struct run *run)
{
	struct conversion *conversion = &run->work->conversion;
	struct pump *pump = &run->work->pump;
	pump_init(pump, conversion, run->connection, run->progress, run->reason);
	atomic_store(&run->progress->phase, PROGRESS_STARTING);
	enum outcome outcome = conversion_open(conversion, run->starter, run->plan, run->reason);
	if (outcome == OUTCOME_OK)
		outcome = check_source(run, move(run));
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
	const bool copies = run->plan->reading == PLAN_READ_COPY;
	if (copies)
		outcome = copy_source(run);
	if (outcome == OUTCOME_OK) {
		run->work = calloc(1, sizeof *run->work);
		outcome = run->work ? convert(run) : OUTCOME_OVERLOADED;
	}
	if (copies)
		remove_copy(run);
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

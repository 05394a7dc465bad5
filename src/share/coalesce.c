/* SPDX-License-Identifier: MIT */
/* A shared run belongs to no client: it has its own thread, and every request, the leader included,
 * only waits and reads. So a client that hangs up needs no hand-over of the run, and a slow client
 * does not hold up the others. internal.h says which lock guards what. */
#include "src/share/internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "base/thread.h"

enum { STACK_BYTES = 256 * 1024 };

static void *run_thread(void *argument)
{
	struct share_run *shared = argument;
	struct share_state state = {.ended = true, .file = -1};
	if (shared->refresh_id)
		share_convert_refresh(shared, &state);
	else
		share_convert(shared, &state);
	share_end(shared, &state);
	return NULL;
}

/* Without the lock; the caller has a reference. When there is no thread, the run ends as an
 * overload for every request that waits for it by then. */
static void start(struct share_run *shared)
{
	int r = thread_start(STACK_BYTES, run_thread, shared);
	if (r == 0)
		return;
	struct share_state state = {
		.ended = true, .file = -1, .outcome = outcome_from_error(r), .retry_after_s = 1};
	text_printf(&shared->reason, "thread: %s", strerror(-r));
	if (shared->refresh_id)
		share_refresh_ended(shared, &state);
	share_end(shared, &state);
}

bool share_is_under_way(struct sharing *sharing, const struct identity *identity)
{
	struct share_table *table = sharing->table;
	pthread_mutex_lock(&table->lock);
	bool found = share_find(table, identity->key);
	pthread_mutex_unlock(&table->lock);
	return found;
}

/* The lock. */
static void begin_waiting(struct share_waiter *waiter, struct share_run *shared)
{
	shared->references++;
	waiter->run = shared;
	waiter->waits = true;
	waiter->next = shared->waiters;
	if (waiter->next)
		waiter->next->previous = waiter;
	shared->waiters = waiter;
}

/* The lock. */
static void stop_waiting(struct share_waiter *waiter)
{
	if (waiter->previous)
		waiter->previous->next = waiter->next;
	else
		waiter->run->waiters = waiter->next;
	if (waiter->next)
		waiter->next->previous = waiter->previous;
}

int share_join(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, struct share_waiter *waiter)
{
	struct share_table *table = sharing->table;
	*waiter = (struct share_waiter){.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (waiter->event < 0)
		return -errno;
	int r = 0;
	pthread_mutex_lock(&table->lock);
	struct share_run *shared = share_find(table, identity->key);
	if (!shared) {
		waiter->leader = true;
		r = share_add(sharing, identity, plan, uri, NULL, &shared);
	}
	if (r == 0)
		begin_waiting(waiter, shared);
	pthread_mutex_unlock(&table->lock);
	if (r != 0)
		fd_close(&waiter->event);
	else if (waiter->leader)
		start(shared);
	return r;
}

void share_refresh(struct sharing *sharing, const struct identity *identity, struct plan **plan,
	const char *uri, const char *id, struct share_waiter *waiter)
{
	struct share_table *table = sharing->table;
	const unsigned most = (*plan)->config->slots;
	struct share_run *shared = NULL;
	pthread_mutex_lock(&table->lock);
	if (share_refresh_is_due(table, identity->key, most) &&
		share_add(sharing, identity, plan, uri, id, &shared) == 0) {
		table->refreshing++;
		shared->references++;
		*waiter = (struct share_waiter){.run = shared, .event = -1};
	}
	pthread_mutex_unlock(&table->lock);
	if (shared)
		start(shared);
}

int share_wait(
	struct share_waiter *waiter, struct fcgi_connection *connection, struct share_state *state)
{
	struct share_run *shared = waiter->run;
	struct pollfd fds[2] = {
		{.fd = waiter->event, .events = POLLIN},
		{.fd = fcgi_connection_get_fd(connection), .events = POLLIN | POLLRDHUP},
	};
	for (;;) {
		eventfd_t count;
		eventfd_read(waiter->event, &count);
		pthread_mutex_lock(&shared->table->lock);
		waiter->read = state->length;
		struct share_state now = shared->state;
		pthread_mutex_unlock(&shared->table->lock);
		if (now.ended != state->ended || now.length != state->length) {
			*state = now;
			return 0;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			int r = fcgi_connection_read(connection);
			if (r < 0 && r != -EAGAIN)
				return r;
		}
	}
}

/* The lock. Whether the run has to end, because no request waits for it. */
static bool is_abandoned(const struct share_run *shared)
{
	const struct recipe *recipe = shared->plan->recipe;
	bool finish = recipe->finish && sharing_store(shared->sharing, recipe);
	return !shared->waiters && !shared->state.ended && !shared->refresh_id && !finish;
}

void share_leave(struct share_waiter *waiter)
{
	struct share_run *shared = waiter->run;
	if (!shared)
		return;
	struct share_table *table = shared->table;
	pthread_mutex_lock(&table->lock);
	if (waiter->waits)
		stop_waiting(waiter);
	if (is_abandoned(shared)) {
		/* A request that comes now begins a run of its own: this one is about to fail. */
		share_unlist(shared);
		eventfd_write(shared->abandoned, 1);
	}
	struct share_run *unused = share_drop(shared);
	pthread_mutex_unlock(&table->lock);
	share_free(unused);
	fd_close(&waiter->event);
	waiter->run = NULL;
}

struct conversion *share_get_conversion(const struct share_waiter *waiter)
{
	return run_get_conversion(&waiter->run->run);
}

struct access_times share_get_times(const struct share_waiter *waiter)
{
	return waiter->run->times;
}

const struct progress *share_get_progress(const struct share_waiter *waiter)
{
	return &waiter->run->progress;
}

const char *share_get_reason(const struct share_waiter *waiter)
{
	return waiter->run->reason.data;
}
